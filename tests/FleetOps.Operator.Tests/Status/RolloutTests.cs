using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.Tests.Status;

/// <summary>What a rollout that meets an obstacle says, and that what serves goes on.</summary>
public sealed class RolloutTests
{
    private const string NoGpu = """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}]}""";
    private const string NoMatch = """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}]}""";

    private static readonly ModelDeployment Before = Given.Model();
    private static readonly ModelDeployment After = Given.Model(spec: Before.Spec with { Engine = new() { ContextLength = 8192 } });

    [Fact]
    public void A_worker_that_finds_no_place_beside_those_it_replaces_blocks_the_rollout()
    {
        var status = Given.StatusOf(Given.Carried(After, new(Given.ReadyPod(Before, "demo-old")), new(Given.Pod(After, NoGpu, "demo-new"))));

        var ready = Given.Condition(status, ConditionTypes.Ready);
        Assert.Equal(("False", Reasons.RolloutBlocked), (ready.Status, ready.Reason));
        Assert.Contains("Pod demo-new", ready.Message, StringComparison.Ordinal);
        Assert.Contains("Insufficient nvidia.com/gpu", ready.Message, StringComparison.Ordinal);
        Assert.Contains("Free a GPU", ready.Message, StringComparison.Ordinal);
        Assert.Contains("spec.rollout.maxUnavailable to 1", ready.Message, StringComparison.Ordinal);
        Assert.Equal("True", Given.Condition(status, ConditionTypes.Available).Status);
        Assert.Equal("False", Given.Condition(status, ConditionTypes.Stalled).Status);
    }

    [Fact]
    public void While_an_earlier_worker_drains_the_next_one_only_waits()
    {
        var draining = Given.ReadyPod(Before, "demo-old");
        draining.Metadata.DeletionTimestamp = new(2026, 1, 1, 1, 0, 0, DateTimeKind.Utc);

        var status = Given.StatusOf(Given.Carried(After, new(draining), new(Given.Pod(After, NoGpu, "demo-new"))));

        Assert.NotEqual(Reasons.RolloutBlocked, Given.Condition(status, ConditionTypes.Ready).Reason);
        Assert.Contains(status.Workers!, w => w is { Pod: "demo-old", Phase: WorkerPhases.Draining });
        Assert.Equal("False", Given.Condition(status, ConditionTypes.Stalled).Status);
    }

    [Fact]
    public void Where_workers_may_be_missing_they_are_replaced_one_by_one()
    {
        var after = Given.Model(spec: After.Spec with { Replicas = 2, Rollout = new() { MaxUnavailable = "1" } });
        WorkerObservation waiting = new(Given.Pod(after, NoGpu, "demo-new"));

        var going = Given.StatusOf(Given.Carried(after, new(Given.ReadyPod(Before, "demo-1")), new(Given.ReadyPod(Before, "demo-2")), waiting));
        var stuck = Given.StatusOf(Given.Carried(after, new(Given.ReadyPod(Before, "demo-1")), waiting));

        Assert.Equal(Reasons.RollingOut, Given.Condition(going, ConditionTypes.Ready).Reason);
        Assert.Contains("Pod demo-new takes the place of an earlier worker", Given.Condition(going, ConditionTypes.Ready).Message, StringComparison.Ordinal);
        Assert.Equal(Phases.Updating, going.Phase);
        Assert.Equal(Reasons.GpuUnavailable, Given.Condition(stuck, ConditionTypes.Ready).Reason);
    }

    [Theory]
    [InlineData("3", 4, 2, "False")]
    [InlineData("50%", 4, 2, "True")]
    [InlineData("51%", 4, 2, "False")]
    [InlineData("9", 2, 2, "True")]
    public void A_model_is_available_while_as_many_workers_serve_as_the_spec_demands(string minAvailable, int replicas, int serving, string expected)
    {
        var model = Given.Model(spec: Before.Spec with { Replicas = replicas, Disruption = new() { MinAvailable = minAvailable } });
        var ready = Enumerable.Range(0, serving).Select(i => new WorkerObservation(Given.ReadyPod(model, $"demo-{i}"))).ToList();

        var available = Given.Condition(Given.StatusOf(Given.Carried(model, ready)), ConditionTypes.Available);

        Assert.Equal(expected, available.Status);
        Assert.Equal(expected == "False", available.Message.Contains("spec.disruption.minAvailable", StringComparison.Ordinal));
    }

    [Fact]
    public void An_API_that_the_cluster_lacks_is_told_and_is_no_failure()
    {
        var model = Given.Model(spec: Before.Spec with { Replicas = 2 });
        WorkerObservation[] ready = [new(Given.ReadyPod(model, "demo-1")), new(Given.ReadyPod(model, "demo-2"))];

        var status = Given.StatusOf(Given.Carried(model, ready) with { ServesPodDisruptionBudgets = false });

        var accepted = Given.Condition(status, ConditionTypes.Accepted);
        Assert.Equal(("True", Reasons.ApiUnavailable), (accepted.Status, accepted.Reason));
        Assert.Contains("policy/v1", accepted.Message, StringComparison.Ordinal);
        Assert.Equal("True", Given.Condition(status, ConditionTypes.Ready).Status);
    }

    [Fact]
    public void A_place_that_no_drain_would_give_is_the_cause_itself()
    {
        var status = Given.StatusOf(Given.Carried(After, new(Given.ReadyPod(Before, "demo-old")), new(Given.Pod(After, NoMatch, "demo-new"))));

        Assert.Equal(Reasons.Unschedulable, Given.Condition(status, ConditionTypes.Ready).Reason);
        Assert.Equal("True", Given.Condition(status, ConditionTypes.Available).Status);
    }

    [Fact]
    public void A_spec_that_is_taken_back_is_ready_at_once()
    {
        var broken = Given.Pod(After, NoMatch, "demo-new");
        broken.Metadata.DeletionTimestamp = new(2026, 1, 1, 1, 0, 0, DateTimeKind.Utc);

        var status = Given.StatusOf(Given.Carried(Before, new(Given.ReadyPod(Before, "demo-old")), new(broken)));

        Assert.Equal(("True", Phases.Ready), (Given.Condition(status, ConditionTypes.Ready).Status, status.Phase));
    }

    [Fact]
    public void Pods_that_the_kubelet_evicted_are_history_once_others_serve()
    {
        const string evicted = """{"phase":"Failed","reason":"Evicted","message":"The node was low on resource: ephemeral-storage."}""";
        var gone = new WorkerObservation(Given.Pod(Before, evicted, "demo-evicted"));

        var alone = Given.StatusOf(Given.Carried(Before, gone));
        var replaced = Given.StatusOf(Given.Carried(Before, gone, new(Given.ReadyPod(Before, "demo-next"))));

        Assert.Equal(Reasons.DiskFull, Given.Condition(alone, ConditionTypes.Ready).Reason);
        Assert.Equal((1, Phases.Ready), (replaced.Replicas, replaced.Phase));
        Assert.Equal("False", Given.Condition(replaced, ConditionTypes.Reconciling).Status);
        Assert.Equal("demo-next", Assert.Single(replaced.Workers!).Pod);
    }
}
