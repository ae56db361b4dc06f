using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.Tests.Plan;
using k8s;

namespace FleetOps.Operator.Tests.ModelCaches;

public sealed class CachePlannerTests
{
    private static readonly string[] Nodes = [.. Enumerable.Range(0, 70).Select(i => $"node-{i:00}")];

    [Fact]
    public void A_fetch_to_a_claim_is_one_Job() => AssertPlanned("claim.yaml", GivenCache.OnClaim with
    {
        Model = new() { Source = "hf://o/r/f.gguf", Revision = "v1", Sha256 = GivenCache.Digest, CredentialsSecretRef = new() { Name = "hf" } },
        MaxSize = "200Gi",
        Pod = new() { Labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = "chat" }, Env = [new() { Name = "HF_ENDPOINT", Value = "https://mirror" }], ServiceAccountName = "theirs", ImagePullSecrets = [new() { Name = "registry" }] },
    });

    [Fact]
    public void A_fetch_to_a_node_is_a_Job_on_that_node() => AssertPlanned("node.yaml", GivenCache.OnNodes() with
    {
        Target = new() { Nodes = new() { Selector = new Dictionary<string, string>(StringComparer.Ordinal), Path = "/var/lib/models", Tolerations = [new() { Key = "team", Operator = "Equal", Value = "chat" }] } },
    });

    [Fact]
    public void Nodes_are_served_a_few_at_once_and_no_more_than_64()
    {
        var observed = new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()), Nodes = Nodes };
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var round = 0; round < 20; round++)
        {
            var started = GivenCache.Plan(observed).Create;
            Assert.True(started.Count <= CachePlanner.MostAtOnce);
            names.UnionWith(started.Select(job => job.Metadata.Name));
            observed = GivenCache.Carried(observed);
            Assert.Empty(GivenCache.Plan(observed).Create);
            observed = observed with { Jobs = [.. observed.Jobs.Select(job => GivenCache.Ended(job, "Complete"))] };
        }

        Assert.Equal(64, names.Count);
        Assert.Contains("6 more nodes", GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Ready).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_takes_no_pod_keeps_no_other_waiting()
    {
        var observed = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()), Nodes = Nodes });
        var stuck = observed.Jobs[0];

        observed = observed with { Pods = [GivenCache.Pod(stuck, """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes"}]}""")] };

        Assert.Single(GivenCache.Plan(observed).Create);
    }

    [Fact]
    public void What_was_fetched_is_not_fetched_again_when_its_Job_is_gone()
    {
        var started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() });
        var ended = GivenCache.Told(started with { Jobs = [GivenCache.Ended(started.Jobs[0], "Complete")], Pods = [GivenCache.Succeeded(started.Jobs[0])] });

        var gone = ended with { Jobs = [], Pods = [] };

        Assert.Empty(GivenCache.Plan(gone).Create);
        Assert.Equal(ended.Cache.Status!.Sha256, GivenCache.StatusOf(gone).Sha256);
        Assert.Equal("True", GivenCache.Condition(GivenCache.StatusOf(gone), ConditionTypes.Ready).Status);
    }

    [Fact]
    public void A_failed_fetch_is_tried_again_when_its_Job_is_gone()
    {
        var started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() });
        var failed = GivenCache.Told(started with { Jobs = [GivenCache.Ended(started.Jobs[0], "Failed")] });

        Assert.Empty(GivenCache.Plan(failed).Create);
        Assert.Single(GivenCache.Plan(failed with { Jobs = [] }).Create);
    }

    [Fact]
    public void Another_source_is_another_Job_and_the_earlier_one_goes()
    {
        var started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() });
        var other = started with { Cache = GivenCache.Cache(GivenCache.OnClaim with { Model = new() { Source = "hf://o/r/g.gguf" } }) };

        var plan = GivenCache.Plan(other);

        Assert.NotEqual(started.Jobs[0].Metadata.Name, Assert.Single(plan.Create).Metadata.Name);
        Assert.Same(started.Jobs[0], Assert.Single(plan.Delete));
    }

    [Fact]
    public void Another_licence_or_limit_fetches_nothing()
    {
        var started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() });
        var ended = GivenCache.Told(started with { Jobs = [GivenCache.Ended(started.Jobs[0], "Complete")] });
        var changed = GivenCache.Cache(GivenCache.OnClaim with { Model = GivenCache.OnClaim.Model with { License = new() { Id = "mit", Accepted = true } }, MaxSize = "1Gi" });
        changed.Status = ended.Cache.Status;

        Assert.Empty(GivenCache.Plan(ended with { Cache = changed, Jobs = [] }).Create);
    }

    [Fact]
    public void A_missing_Secret_is_named_and_nothing_is_started()
    {
        var observed = new CacheObservation { Cache = GivenCache.Cache(), MissingSecret = new SecretUse("hf", "spec.model.credentialsSecretRef") };

        Assert.Empty(GivenCache.Plan(observed).Create);
        Assert.Contains("Secret hf", GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Stalled).Message, StringComparison.Ordinal);
    }

    public static TheoryData<ModelCacheSpec, string> BadSpecs => new()
    {
        { GivenCache.OnClaim with { Model = new() { Source = "pvc://c/f.gguf" } }, SpecMessages.CachedSource },
        { GivenCache.OnClaim with { Model = new() { Source = "http://h/f.gguf" } }, SpecMessages.PlainHttpNeedsDigest },
        { GivenCache.OnClaim with { Target = new() }, SpecMessages.OneTarget },
        { GivenCache.OnNodes() with { Target = GivenCache.OnNodes().Target with { ClaimName = "c" } }, SpecMessages.OneTarget },
        { GivenCache.OnNodes("/var/../etc"), SpecMessages.TargetPath },
        { GivenCache.OnClaim with { Target = new() { ClaimName = "C_" } }, SpecMessages.TargetClaim },
        { GivenCache.OnClaim with { MaxSize = "1.5Gi" }, SpecMessages.CachedMaxSize },
        { GivenCache.OnClaim with { Pod = new() { Env = [new() { Name = "FLEETOPS_X", Value = "1" }] } }, SpecMessages.EnvName },
        { GivenCache.OnNodes("/etc"), "spec.target.nodes.path /etc is not allowed" },
        { GivenCache.OnClaim with { Model = GivenCache.OnClaim.Model with { License = new() { Id = "llama3.1", Accepted = false } } }, "llama3.1" },
    };

    [Theory, MemberData(nameof(BadSpecs))]
    public void A_spec_that_breaks_a_rule_is_not_acted_on(ModelCacheSpec spec, string message)
    {
        var observed = new CacheObservation { Cache = GivenCache.Cache(spec), Nodes = Nodes };

        Assert.Empty(GivenCache.Plan(observed).Create);
        var accepted = GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Accepted);
        Assert.Equal("False", accepted.Status);
        Assert.Contains(message, accepted.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_that_the_operator_may_not_read_are_refused()
    {
        var observed = new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()) };

        Assert.Equal(Reasons.PolicyViolation, GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Accepted).Reason);
    }

    [Fact]
    public void Pods_that_fetch_may_reach_what_workers_may()
    {
        var policy = GivenCache.Plan(new() { Cache = GivenCache.Cache(GivenCache.OnClaim with { Model = new() { Source = "https://h:8443/f.gguf" } }) }).NetworkPolicy!;
        var job = GivenCache.Plan(new() { Cache = GivenCache.Cache() }).Create[0];

        Assert.Equal([53, 53, 5353, 5353, 443, 80, 8443], policy.Spec.Egress.SelectMany(rule => rule.Ports).Select(port => int.Parse(port.Port.Value, CultureInfo.InvariantCulture)));
        Assert.Equal(["8080"], policy.Spec.Ingress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value));
        Assert.All(policy.Spec.PodSelector.MatchLabels, label => Assert.Equal(label.Value, job.Spec.Template.Metadata.Labels[label.Key]));
        Assert.NotEqual("llama", policy.Metadata.Name);
    }

    private static void AssertPlanned(string golden, ModelCacheSpec spec)
    {
        var plan = GivenCache.Plan(new() { Cache = GivenCache.Cache(spec), Nodes = ["node-1"] });

        GoldenFile.AssertMatches(KubernetesYaml.Serialize(Assert.Single(plan.Create)), golden);
    }
}
