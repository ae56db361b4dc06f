using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.Tests.Status;

public sealed class ProgressTests
{
    [Theory]
    [InlineData(WorkerPhases.Fetching, Phases.Fetching, Reasons.FetchingWeights, "False")]
    [InlineData(WorkerPhases.Verifying, Phases.Fetching, Reasons.VerifyingWeights, "False")]
    [InlineData(WorkerPhases.Loading, Phases.Loading, Reasons.LoadingModel, "True")]
    [InlineData(WorkerPhases.Warming, Phases.Loading, Reasons.LoadingModel, "True")]
    public void The_phase_follows_the_worker(string workerPhase, string phase, string reason, string weightsReady)
    {
        var model = Given.Model();

        var status = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.RunningPod(model), new() { Phase = workerPhase })));

        Assert.Equal((phase, workerPhase), (status.Phase, status.Workers![0].Phase));
        Assert.Equal(reason, Given.Condition(status, ConditionTypes.Ready).Reason);
        Assert.Equal(weightsReady, Given.Condition(status, ConditionTypes.WeightsReady).Status);
    }

    [Fact]
    public void A_model_without_wanted_workers_is_ready_and_not_available()
    {
        var model = Given.Model(spec: Given.Model().Spec with { Replicas = 0 });

        var status = Given.StatusOf(Given.Carried(model));

        Assert.Equal((Phases.Ready, "0/0"), (status.Phase, status.Ready));
        Assert.Equal(("True", Reasons.ScaledToZero), (Given.Condition(status, ConditionTypes.Ready).Status, Given.Condition(status, ConditionTypes.Ready).Reason));
        Assert.Equal("False", Given.Condition(status, ConditionTypes.Available).Status);
    }

    [Fact]
    public void Workers_of_an_earlier_spec_serve_while_they_are_replaced()
    {
        var old = Given.Model();
        var model = Given.Model(spec: old.Spec with { Engine = new() { ContextLength = 8192 } });

        var status = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.ReadyPod(old))));

        Assert.Equal((Phases.Updating, 1, 0), (status.Phase, status.ReadyReplicas, status.UpdatedReplicas));
        Assert.Equal(Reasons.RollingOut, Given.Condition(status, ConditionTypes.Ready).Reason);
        Assert.Equal("True", Given.Condition(status, ConditionTypes.Available).Status);
    }

    [Fact]
    public void What_is_not_known_again_after_a_restart_of_the_operator_stays_as_it_was()
    {
        var model = Given.Model();
        var told = new WorkerState { Phase = WorkerPhases.Fetching, FetchedBytes = 5, TotalBytes = 10, Model = new() { Architecture = "llama", Parameters = 1_200_000 } };
        var before = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.RunningPod(model), told)));
        model.Status = before;

        var after = Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.RunningPod(model))));

        Assert.Equal("llama 1.2M", after.Model!.Summary);
        Assert.Equal(before.Workers, after.Workers);
        Assert.Equal(before.Conditions, after.Conditions);
    }

    [Fact]
    public void At_most_twenty_workers_are_listed_those_in_trouble_first()
    {
        var model = Given.Model(spec: Given.Model().Spec with { Replicas = 30 });
        var pods = Enumerable.Range(10, 29).Select(i => new WorkerObservation(Given.ReadyPod(model, $"demo-{i}"))).ToList();
        pods.Add(new(Given.Pod(model, """{"phase":"Failed","reason":"Evicted","message":"m"}""", "demo-99")));

        var status = Given.StatusOf(Given.Carried(model, pods));

        Assert.Equal(20, status.Workers!.Count);
        Assert.Equal("demo-99", status.Workers[0].Pod);
    }

    [Fact]
    public void A_condition_keeps_its_time_until_its_status_changes()
    {
        var model = Given.Model();
        var first = ConditionTimes.Stamp(Given.StatusOf(Given.Carried(model)), null, new(2026, 1, 1, 0, 0, 0, 500, TimeSpan.Zero));
        var second = ConditionTimes.Stamp(Given.StatusOf(Given.Carried(model, new WorkerObservation(Given.ReadyPod(model)))), first, new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero));

        Assert.Equal(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), Given.Condition(first, ConditionTypes.Ready).LastTransitionTime);
        Assert.Equal(new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc), Given.Condition(second, ConditionTypes.Ready).LastTransitionTime);
        Assert.Equal(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), Given.Condition(second, ConditionTypes.Accepted).LastTransitionTime);
    }
}
