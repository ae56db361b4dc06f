using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.Tests.ModelCaches;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

/// <summary>Which ModelCache the workers of a ModelDeployment use that does not say so itself.</summary>
public sealed class CacheChoiceTests
{
    private const string Path = "/var/lib/models";

    private static readonly WorkerSettings Settings = Given.Settings with { AllowedHostPaths = [Path] };

    private static readonly ModelDeploymentSpec Spec = new() { Model = new() { Source = "hf://o/r/f.gguf" }, Resources = new() { Gpus = 1 } };

    [Fact]
    public void Workers_take_the_weights_from_the_claim_of_a_ModelCache_with_the_same_source_and_status_says_so()
    {
        var observed = Observed(Spec, OnClaim("llama"));

        var plan = Planner.Plan(observed, Settings);
        var ready = Given.Carried(observed.Model, new WorkerObservation(ReadyPod(plan))) with { Caches = observed.Caches };
        var status = ModelDeployments.Status.StatusPlanner.Plan(ready, Planner.Plan(ready, Settings));

        Assert.Equal("weights", plan.Deployment!.Spec.Template.Spec.Volumes[0].PersistentVolumeClaim.ClaimName);
        Assert.Equal(new UsedCache { Name = "llama", ClaimName = "weights" }, status.Cache);
        Assert.Contains("ModelCache llama (claim weights)", Given.Condition(status, ConditionTypes.WeightsReady).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_that_the_spec_chooses_itself_is_used_as_it_is()
    {
        Assert.Null(Chosen(Spec with { Cache = new() { Type = CacheType.Ephemeral } }, OnClaim("llama")));
        Assert.Null(Chosen(Spec with { Cache = new() { Type = CacheType.PersistentVolumeClaim, ClaimName = "mine" } }, OnClaim("llama")));
    }

    [Fact]
    public void Only_a_claim_that_can_be_mounted_on_several_nodes_is_chosen()
    {
        Assert.Null(Chosen(Spec, OnClaim("llama", modes: "ReadWriteOnce")));
        Assert.Null(Chosen(Spec, OnClaim("llama", modes: "ReadOnlyMany")));
        Assert.Null(Chosen(Spec, OnClaim("llama") with { Claim = null }));
        Assert.NotNull(Chosen(Spec, OnClaim("llama", modes: "ReadWriteOnce,ReadWriteMany")));
    }

    [Fact]
    public void Another_digest_a_failure_and_a_deletion_rule_a_ModelCache_out()
    {
        var other = OnClaim("llama");
        other.Cache.Spec = other.Cache.Spec with { Model = other.Cache.Spec.Model with { Sha256 = GivenCache.Digest } };
        var deleted = OnClaim("llama");
        deleted.Cache.Metadata.DeletionTimestamp = DateTime.UnixEpoch;

        Assert.NotNull(Chosen(Spec, other));
        Assert.Null(Chosen(Spec with { Model = Spec.Model with { Sha256 = new string('0', 64) } }, other));
        Assert.Null(Chosen(Spec, OnClaim("llama", phase: CachePhases.Failed)));
        Assert.Null(Chosen(Spec, deleted));
    }

    [Fact]
    public void Of_several_a_ready_one_is_chosen_and_the_first_by_name()
    {
        Assert.Equal("b", Chosen(Spec, OnClaim("c", phase: CachePhases.Ready), OnClaim("a"), OnClaim("b", phase: CachePhases.Ready))!.Name);
        Assert.Equal("a", Chosen(Spec, OnClaim("b"), OnClaim("a"))!.Name);
    }

    [Fact]
    public void The_directory_of_nodes_is_chosen_where_it_is_allowed_ready_and_on_every_node_that_workers_may_use()
    {
        var placed = Spec with { Placement = new() { NodeSelector = new Dictionary<string, string>(StringComparer.Ordinal) { ["pool"] = "gpu", ["zone"] = "a" } } };

        Assert.Equal(new UsedCache { Name = "llama", Path = Path }, Chosen(placed, OnNodes(CachePhases.Ready)));
        Assert.Null(Chosen(placed, OnNodes(CachePhases.Fetching)));
        Assert.Null(Chosen(Spec, OnNodes(CachePhases.Ready)));
        Assert.Null(CacheChoice.Of(Observed(placed, OnNodes(CachePhases.Ready)), Given.Settings, _ => ""));
    }

    [Fact]
    public void A_ModelCache_that_comes_later_replaces_no_worker_and_is_used_by_those_of_the_next_change()
    {
        var before = Planner.Plan(Observed(Spec), Settings);
        var running = new WorkerObservation(ReadyPod(before));

        var later = Planner.Plan(Observed(Spec, OnClaim("llama")) with { Workers = [running] }, Settings);
        var changed = Planner.Plan(Observed(Spec with { Engine = new() { ContextLength = 8192 } }, OnClaim("llama")) with { Workers = [running] }, Settings);

        Assert.Equal(before.TemplateHash, later.TemplateHash);
        Assert.Null(later.Cache);
        Assert.Equal("llama", changed.Cache!.Name);
    }

    [Fact]
    public void Workers_keep_a_ModelCache_that_goes_or_is_outdone()
    {
        var observed = Observed(Spec, OnClaim("b"));
        var before = Planner.Plan(observed, Settings);
        observed.Model.Status = new() { Cache = before.Cache };
        var running = new WorkerObservation(ReadyPod(before));

        var outdone = Planner.Plan(observed with { Workers = [running], Caches = [OnClaim("a", claim: "other"), OnClaim("b")] }, Settings);
        var gone = Planner.Plan(observed with { Workers = [running], Caches = [] }, Settings);

        Assert.Equal((before.TemplateHash, before.TemplateHash), (outdone.TemplateHash, gone.TemplateHash));
        Assert.Equal((before.Cache, before.Cache), (outdone.Cache, gone.Cache));
    }

    [Fact]
    public void A_choice_that_no_status_tells_of_is_known_from_the_workers()
    {
        var before = Planner.Plan(Observed(Spec, OnClaim("b")), Settings);

        var after = Planner.Plan(Observed(Spec, OnClaim("a", claim: "other"), OnClaim("b")) with { Workers = [new(ReadyPod(before))] }, Settings);

        Assert.Equal(before.TemplateHash, after.TemplateHash);
    }

    [Theory]
    [InlineData("hf://o/r/f.gguf", null, "hf://o/r/f.gguf", "main", true)]
    [InlineData("hf://o/r/f.gguf@v1", null, "hf://o/r/f.gguf", "v1", true)]
    [InlineData("hf://o/r/f.gguf", "v1", "hf://o/r/f.gguf", "v2", false)]
    [InlineData("s3://b/f.gguf", null, "s3://b/f.gguf", "main", false)]
    [InlineData("https://h/f@v1.gguf", null, "https://h/f", null, false)]
    public void Sources_are_the_same_however_their_revision_is_written(string source, string? revision, string other, string? otherRevision, bool same) =>
        Assert.Equal(same, WeightsIdentity.Of(new() { Source = source, Revision = revision }, null) == WeightsIdentity.Of(new() { Source = other, Revision = otherRevision }, null));

    [Fact]
    public void Another_hub_is_another_source()
    {
        var model = Spec.Model;

        Assert.NotEqual(WeightsIdentity.Of(model, null), WeightsIdentity.Of(model, new() { Env = [new() { Name = "HF_ENDPOINT", Value = "https://mirror" }] }));
    }

    [Fact]
    public void A_revision_after_the_source_reaches_the_worker_as_one_beside_it()
    {
        var arguments = Planner.Plan(Observed(Spec with { Model = new() { Source = "hf://o/r/f.gguf@v1" } }), Settings).Deployment!.Spec.Template.Spec.Containers[0].Args;

        Assert.Equal(["serve", "--source", "hf://o/r/f.gguf"], arguments.Take(3));
        Assert.Equal("v1", arguments[arguments.IndexOf("--revision") + 1]);
    }

    [Fact]
    public void The_limit_of_an_ephemeral_cache_is_told_to_the_worker_in_bytes()
    {
        var arguments = Planner.Plan(Observed(Spec with { Cache = new() { SizeLimit = "1.5Gi" } }), Settings).Deployment!.Spec.Template.Spec.Containers[0].Args;

        Assert.Equal("1610612736", arguments[arguments.IndexOf("--model-dir-capacity") + 1]);
    }

    private static UsedCache? Chosen(ModelDeploymentSpec spec, params ObservedCache[] caches) => CacheChoice.Of(Observed(spec, caches), Settings, _ => "");

    private static Observation Observed(ModelDeploymentSpec spec, params ObservedCache[] caches) => new() { Model = Given.Model(spec: spec), Caches = caches };

    private static V1Pod ReadyPod(ModelDeploymentPlan plan)
    {
        var pod = Given.ReadyPod(Given.Model(spec: Spec));
        pod.Metadata.Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [Labels.TemplateHash] = plan.TemplateHash! };
        return pod;
    }

    private static ObservedCache OnClaim(string name, string? phase = null, string modes = "ReadWriteMany", string claim = "weights")
    {
        var cache = GivenCache.Cache(GivenCache.OnClaim with { Target = new() { ClaimName = claim } }, name);
        cache.Status = phase is null ? null : new() { Phase = phase };
        return new(cache, new() { Metadata = new() { Name = claim, Uid = "uid-of-" + claim }, Spec = new() { AccessModes = modes.Split(',') } });
    }

    private static ObservedCache OnNodes(string phase)
    {
        var cache = GivenCache.Cache(GivenCache.OnNodes(Path));
        cache.Status = new() { Phase = phase };
        return new(cache, null);
    }
}
