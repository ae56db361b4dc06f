using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Observe;

namespace FleetOps.Operator.Tests.ModelCaches;

public sealed class CacheStatusTests
{
    private static readonly CacheObservation Started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache() });

    [Fact]
    public void A_fetch_is_followed_from_its_Job_to_the_verified_file()
    {
        var job = Started.Jobs[0];
        Assert.Equal((CachePhases.Pending, Reasons.FetchStarting, null), Summary(Started));
        Assert.Equal((CachePhases.Fetching, Reasons.FetchingWeights, "37%"), Summary(Started with { Pods = [GivenCache.Running(job, WorkerPhases.Fetching, 37, 100)] }));
        Assert.Equal((CachePhases.Verifying, Reasons.VerifyingWeights, null), Summary(Started with { Pods = [GivenCache.Running(job, WorkerPhases.Verifying)] }));

        var ended = GivenCache.StatusOf(Started with { Jobs = [GivenCache.Ended(job, "Complete")], Pods = [GivenCache.Succeeded(job)] });

        Assert.Equal((CachePhases.Ready, "100%", "4.6 GiB"), (ended.Phase, ended.Progress, ended.Size));
        Assert.Equal((GivenCache.Digest, 4920734176L, "c0ffee", "mit"), (ended.Sha256, ended.SizeBytes, ended.Revision, ended.License));
        Assert.Equal(
            ["Accepted=True", "Ready=True", "Reconciling=False", "Stalled=False"],
            ended.Conditions!.Select(c => $"{c.Type}={c.Status}"));
    }

    [Fact]
    public void A_Job_that_is_heard_of_before_its_pod_is_not_done_until_the_pod_has_told_what_it_fetched()
    {
        var job = Started.Jobs[0];
        var ended = Started with { Jobs = [GivenCache.Ended(job, "Complete")], Pods = [GivenCache.Running(job, WorkerPhases.Verifying)] };

        Assert.Equal((CachePhases.Verifying, Reasons.VerifyingWeights, null), Summary(ended));
        Assert.Equal(GivenCache.Digest, GivenCache.StatusOf(GivenCache.Told(ended) with { Pods = [GivenCache.Succeeded(job)] }).Sha256);
        Assert.Equal((CachePhases.Ready, Reasons.WeightsCached, "100%"), Summary(ended with { Pods = [] }));
    }

    [Fact]
    public void The_rate_and_the_time_left_are_told_coarsely_along_with_the_percents()
    {
        var observed = Started with { Pods = [GivenCache.Running(Started.Jobs[0], WorkerPhases.Fetching, 37, 100) with { State = new() { Phase = WorkerPhases.Fetching, FetchedBytes = 37, TotalBytes = 100, BytesPerSecond = 123_456, SecondsLeft = 254.3 } }] };

        var status = GivenCache.StatusOf(observed);

        Assert.Equal((120_000L, 250L, "4m"), (status.BytesPerSecond, status.SecondsLeft, status.Eta));
        var restarted = GivenCache.Told(observed) with { Pods = [observed.Pods[0] with { State = null }] };
        Assert.Equal((120_000L, 250L, "4m"), (GivenCache.StatusOf(restarted).BytesPerSecond, GivenCache.StatusOf(restarted).SecondsLeft, GivenCache.StatusOf(restarted).Eta));
    }

    [Fact]
    public void A_wrong_file_stalls_and_says_how_to_try_again()
    {
        var job = Started.Jobs[0];
        var failed = Started with { Jobs = [GivenCache.Ended(job, "Failed")], Pods = [GivenCache.Failed(job, Reasons.DigestMismatch)] };

        var status = GivenCache.StatusOf(failed);

        Assert.Equal((CachePhases.Failed, Reasons.DigestMismatch, null), Summary(failed));
        var stalled = GivenCache.Condition(status, ConditionTypes.Stalled);
        Assert.Equal("True", stalled.Status);
        Assert.Contains("so it is", stalled.Message, StringComparison.Ordinal);
        Assert.Contains($"delete Job {job.Metadata.Name}", stalled.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_try_of_what_cannot_work_looks_no_better_than_the_first()
    {
        var job = Started.Jobs[0];
        var again = GivenCache.Pod(job, """{"phase":"Pending"}""", number: 2);

        Assert.Equal((CachePhases.Failed, Reasons.DigestMismatch, null), Summary(Started with { Pods = [GivenCache.Failed(job, Reasons.DigestMismatch), again] }));
        Assert.Equal((CachePhases.Pending, Reasons.FetchStarting, null), Summary(Started with { Pods = [GivenCache.Failed(job, Reasons.SourceUnreachable), again] }));
    }

    [Fact]
    public void A_source_that_is_tried_again_is_named_while_it_is()
    {
        var observed = Started with { Pods = [GivenCache.Running(Started.Jobs[0], WorkerPhases.Fetching, reason: Reasons.SourceUnreachable)] };

        Assert.Equal((CachePhases.Fetching, Reasons.SourceUnreachable, null), Summary(observed));
        Assert.Equal("True", GivenCache.Condition(GivenCache.StatusOf(observed), ConditionTypes.Reconciling).Status);
    }

    [Fact]
    public void A_missing_claim_is_named_with_the_field_of_a_ModelCache()
    {
        var pod = GivenCache.Pod(Started.Jobs[0], """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"persistentvolumeclaim \"weights\" not found"}]}""");

        var ready = GivenCache.Condition(GivenCache.StatusOf(Started with { Pods = [pod] }), ConditionTypes.Ready);

        Assert.Equal(Reasons.ClaimNotFound, ready.Reason);
        Assert.Contains("spec.target.claimName", ready.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_outlives_a_restart_of_the_operator()
    {
        var job = Started.Jobs[0];
        var told = GivenCache.Told(Started with { Pods = [GivenCache.Running(job, WorkerPhases.Fetching, 37, 100)] });

        var restarted = told with { Pods = [told.Pods[0] with { State = null }] };

        Assert.Equal((CachePhases.Fetching, Reasons.FetchingWeights, "37%"), Summary(restarted));
    }

    [Fact]
    public void Nodes_are_told_one_by_one_and_counted()
    {
        var started = GivenCache.Carried(new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()), Nodes = ["a", "b", "c"] });

        var status = GivenCache.StatusOf(started with
        {
            Jobs = [GivenCache.Ended(started.Jobs[0], "Complete"), GivenCache.Ended(started.Jobs[1], "Failed"), started.Jobs[2]],
            Pods = [GivenCache.Succeeded(started.Jobs[0]), GivenCache.Failed(started.Jobs[1], Reasons.DiskFull), GivenCache.Running(started.Jobs[2], WorkerPhases.Fetching, 1, 4)],
        });

        Assert.Equal("1/3", status.Progress);
        Assert.Equal([("a", CachePhases.Ready, null), ("b", CachePhases.Failed, Reasons.DiskFull), ("c", CachePhases.Fetching, null)], status.Nodes!.Select(node => (node.Name, node.Phase, node.Reason)));
        Assert.Contains("Node b", GivenCache.Condition(status, ConditionTypes.Stalled).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_selector_that_no_node_matches_is_told()
    {
        var observed = new CacheObservation { Cache = GivenCache.Cache(GivenCache.OnNodes()), Nodes = [] };

        Assert.Equal((CachePhases.Pending, Reasons.NoMatchingNode, null), Summary(observed));
    }

    private static (string? Phase, string Reason, string? Progress) Summary(CacheObservation observed)
    {
        var status = GivenCache.StatusOf(observed);
        return (status.Phase, GivenCache.Condition(status, ConditionTypes.Ready).Reason, status.Progress);
    }
}
