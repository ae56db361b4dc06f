using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.Tests.Plan;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.Tests.ModelCaches;

/// <summary>What becomes of the files of a ModelCache that is deleted.</summary>
public sealed class RemovalTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_ModelCache_is_kept_until_its_files_are_removed_unless_they_are_to_stay()
    {
        Assert.True(GivenCache.Plan(new() { Cache = GivenCache.Cache() }).HoldsFinalizer);
        Assert.False(GivenCache.Plan(new() { Cache = GivenCache.Cache(GivenCache.OnClaim with { DeletionPolicy = DeletionPolicy.Retain }) }).HoldsFinalizer);
        Assert.Null(GivenCache.Plan(new() { Cache = GivenCache.Cache(GivenCache.OnClaim with { Target = new() }) }).HoldsFinalizer);
    }

    [Fact]
    public void A_Job_removes_the_files_without_credentials_and_within_bounds() => GoldenFile.AssertMatches(
        KubernetesYaml.Serialize(Assert.Single(GivenCache.Plan(Deleted(GivenCache.OnClaim with { Model = new() { Source = "hf://o/r/f.gguf", Revision = "v1", CredentialsSecretRef = new() { Name = "hf" } } })).Create)),
        "remove.yaml");

    [Fact]
    public void The_Jobs_that_fetch_end_first_and_the_finalizer_goes_last()
    {
        var fetching = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() }).Jobs[0];
        var observed = Deleted() with { Jobs = [fetching] };

        var first = GivenCache.Plan(observed);
        var removing = GivenCache.Carried(observed);
        var ended = removing with { Jobs = [GivenCache.Ended(removing.Jobs[0], "Complete")], Pods = [Removed(removing.Jobs[0], bytes: 100)] };

        Assert.Same(fetching, Assert.Single(first.Delete));
        Assert.Null(first.HoldsFinalizer);
        Assert.Null(GivenCache.Plan(removing).Farewell);
        var last = GivenCache.Plan(ended);
        Assert.False(last.HoldsFinalizer);
        Assert.Equal((Reasons.FilesRemoved, "The files of hf://o/r/f.gguf have been removed from claim weights (100 bytes)."), (last.Farewell!.Reason, last.Farewell.Message));
    }

    [Fact]
    public void Files_that_something_uses_stay()
    {
        var used = GivenCache.Plan(Deleted() with { Users = ["ModelDeployment chat/demo"] });
        var retained = GivenCache.Plan(Deleted(GivenCache.OnClaim with { DeletionPolicy = DeletionPolicy.Retain }));
        var removing = GivenCache.Carried(Deleted());
        var busy = GivenCache.Plan(removing with { Jobs = [GivenCache.Ended(removing.Jobs[0], "Complete")], Pods = [Removed(removing.Jobs[0], inUse: true)] });

        Assert.Equal(("The files of hf://o/r/f.gguf stay, because ModelDeployment chat/demo uses them.", 0), (used.Farewell!.Message, used.Create.Count));
        Assert.Contains("spec.deletionPolicy", retained.Farewell!.Message, StringComparison.Ordinal);
        Assert.Equal(
            [Reasons.FilesKept, Reasons.FilesKept, Reasons.FilesKept],
            new[] { used, retained, busy }.Select(plan => plan.Farewell!.Reason));
        Assert.All(new[] { used, retained, busy }, plan => Assert.False(plan.HoldsFinalizer));
    }

    [Fact]
    public void A_claim_that_is_gone_keeps_nothing()
    {
        var plan = GivenCache.Plan(Deleted() with { ClaimIdentity = null });

        Assert.Empty(plan.Create);
        Assert.Equal((false, Reasons.FilesRemoved), (plan.HoldsFinalizer, plan.Farewell!.Reason));
    }

    [Fact]
    public void Nodes_are_cleaned_a_few_at_once_and_those_that_are_gone_are_not_waited_for()
    {
        string[] nodes = [.. Enumerable.Range(0, 6).Select(i => $"node-{i}")];
        var observed = Deleted(GivenCache.OnNodes()) with { Nodes = nodes };

        var removing = GivenCache.Carried(observed);
        Assert.Equal(CachePlanner.MostAtOnce, removing.Jobs.Count);
        var gone = removing with { Nodes = nodes[..4], Jobs = [.. removing.Jobs.Select(job => GivenCache.Ended(job, "Complete"))] };

        Assert.Equal(Reasons.FilesRemoved, GivenCache.Plan(gone).Farewell!.Reason);
    }

    [Fact]
    public void A_Job_that_fails_or_never_ends_does_not_keep_the_ModelCache_and_is_told()
    {
        var removing = GivenCache.Carried(Deleted());
        var failed = GivenCache.Plan(removing with { Jobs = [GivenCache.Ended(removing.Jobs[0], "Failed")], Pods = [GivenCache.Failed(removing.Jobs[0], "InvalidConfiguration")] });
        var late = GivenCache.Plan(removing with { Now = Noon + RemovalPlanner.Limit });

        Assert.All(new[] { failed, late }, plan => Assert.Equal((false, Reasons.FilesLeft, true), (plan.HoldsFinalizer, plan.Farewell!.Reason, plan.Farewell.IsTrouble)));
        Assert.Contains("claim weights: so it is", failed.Farewell!.Message, StringComparison.Ordinal);
        Assert.Equal(RemovalPlanner.Limit, GivenCache.Plan(removing).LookAgainAfter);
    }

    [Fact]
    public void Without_the_finalizer_a_deletion_is_left_to_Kubernetes()
    {
        var observed = Deleted();
        observed.Cache.Metadata.Finalizers = ["someone.else/keeps-it"];

        Assert.Equal(new CachePlan(), GivenCache.Plan(observed));
    }

    private static CacheObservation Deleted(ModelCacheSpec? spec = null)
    {
        var cache = GivenCache.Cache(spec);
        cache.Metadata.Finalizers = [ModelCache.FilesFinalizer];
        cache.Metadata.DeletionTimestamp = Noon.UtcDateTime;
        return new() { Cache = cache, ClaimIdentity = "claim", Now = Noon };
    }

    private static ModelDeployments.Observe.WorkerObservation Removed(V1Job job, long bytes = 0, bool inUse = false) => GivenCache.Pod(
        job,
        """
        {"phase":"Succeeded","containerStatuses":[{"name":"worker","image":"i","imageID":"","ready":false,"restartCount":0,
          "state":{"terminated":{"exitCode":0,"message":"{\"removal\":{\"bytes\":BYTES,\"inUse\":BUSY}}"}}}]}
        """.Replace("BYTES", $"{bytes}", StringComparison.Ordinal).Replace("BUSY", inUse ? "true" : "false", StringComparison.Ordinal));
}
