using FleetOps.Api;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.Operator.Tests.Observe;

public sealed class WorkerStatesTests
{
    private static readonly ModelDeployment Model = Given.Model();
    private readonly FakeTimeProvider _time = new();
    private readonly WorkerStates _states;

    public WorkerStatesTests() => _states = new(_time);

    [Fact]
    public void Workers_are_asked_until_they_are_ready_and_have_told_what_they_serve_and_how_they_started()
    {
        var starting = Pod(ready: false);
        Change(null, starting);
        Assert.Same(starting, Assert.Single(_states.ToAsk()));

        Assert.True(_states.Answered(starting, new() { Phase = WorkerPhases.Loading, Model = new() { Architecture = "llama" } }, 3));
        var ready = Pod(ready: true);
        Change(starting, ready);
        Assert.Single(_states.ToAsk());

        Assert.True(_states.Answered(ready, new() { Phase = WorkerPhases.Serving, Model = new() { Architecture = "llama" } }, 3));
        Assert.Empty(_states.ToAsk());
        Assert.Equal("llama", _states.Observe(ready).State!.Model!.Architecture);

        Change(ready, Pod(ready: true));
        Assert.Empty(_states.ToAsk());
    }

    [Fact]
    public void Nothing_is_kept_of_pods_that_are_gone_or_were_made_anew()
    {
        var first = Pod(ready: false);
        Change(null, first);
        _states.Answered(first, new() { Phase = WorkerPhases.Loading }, 3);
        var second = Pod(ready: false, uid: "another");
        Change(first, second);
        Assert.Equal(0, _states.Count);

        _states.Answered(second, new() { Phase = WorkerPhases.Loading }, 3);
        _states.PodChanged(new(ChangeKind.Deleted, second, second, IsInitial: false));
        _states.Answered(second, new() { Phase = WorkerPhases.Loading }, 3);
        _states.DidNotAnswer(second, "gone", 3);

        Assert.Equal(0, _states.Count);
        Assert.Empty(_states.ToAsk());
    }

    [Fact]
    public void A_worker_that_is_silent_for_long_is_told_once_and_asked_more_and_more_rarely()
    {
        var pod = Pod(ready: false);
        Change(null, pod);

        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => _states.DidNotAnswer(pod, "refused", 3)));
        Assert.Equal("refused", _states.Observe(pod).Silence);
        Assert.Empty(_states.ToAsk());
        var asked = 0;
        for (var second = 0; second < 120; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            if (_states.ToAsk().Count > 0)
            {
                asked++;
                _states.DidNotAnswer(pod, "refused", 3);
            }
        }

        Assert.InRange(asked, 4, 20);
        Assert.True(_states.Answered(pod, new() { Phase = WorkerPhases.Loading }, 3));
        Assert.Single(_states.ToAsk());
    }

    [Fact]
    public void A_worker_that_serves_while_its_pod_does_not_become_ready_is_noticed()
    {
        var pod = Pod(ready: false);
        Change(null, pod);
        var serving = new WorkerState { Phase = WorkerPhases.Serving };

        Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(_ => _states.Answered(pod, serving, 3)));

        var status = Given.StatusOf(Given.Carried(Model, _states.Observe(pod)));
        Assert.Equal(Reasons.ProbeFailing, Given.Condition(status, ConditionTypes.Ready).Reason);
        Assert.Contains("readiness probe", Given.Condition(status, ConditionTypes.Ready).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_earlier_container_told_is_not_given_out()
    {
        var pod = Pod(ready: false);
        Change(null, pod);
        _states.Answered(pod, new() { Phase = WorkerPhases.Loading }, 3);

        Assert.NotNull(_states.Observe(pod).State);
        Assert.Null(_states.Observe(Pod(ready: false, container: "second")).State);
    }

    private void Change(V1Pod? old, V1Pod current) =>
        _states.PodChanged(new(old is null ? ChangeKind.Added : ChangeKind.Modified, old, current, IsInitial: false));

    private static V1Pod Pod(bool ready, string uid = "uid", string container = "first")
    {
        var pod = ready ? Given.ReadyPod(Model) : Given.RunningPod(Model);
        pod.Metadata.Uid = uid;
        pod.Status.PodIP = "10.0.0.1";
        pod.Status.ContainerStatuses[0].ContainerID = container;
        return pod;
    }
}
