using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Metrics;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.Tests.Metrics;

public sealed class ModelStartupsTests
{
    private static readonly ModelDeployment Model = Given.Model();
    private static readonly ObjectKey Key = ObjectKey.Of(Model);
    private static readonly DateTime Noon = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
    private readonly ModelStartups _startups = new();

    [Fact]
    public void The_worker_that_began_to_serve_last_counts()
    {
        _startups.Told(Key, Serving(Noon, 1));
        _startups.Told(Key, Serving(Noon.AddMinutes(1), 2));
        var version = _startups.Version;
        _startups.Told(Key, Serving(Noon, 3));
        _startups.Told(Key, Serving(Noon.AddMinutes(1), 4));

        Assert.Equal(2, Assert.Single(_startups.Of(Key)!.Phases).Value);
        Assert.Equal(version, _startups.Version);
    }

    [Fact]
    public void A_start_that_is_not_over_does_not_count()
    {
        _startups.Told(Key, Serving(Noon, 1) with { Phase = WorkerPhases.Warming });

        Assert.Null(_startups.Of(Key));
    }

    [Fact]
    public void Nothing_is_kept_of_a_model_that_is_gone()
    {
        _startups.Told(Key, Serving(Noon, 1));
        var version = _startups.Version;

        _startups.ModelChanged(new(ChangeKind.Deleted, Model, Model, IsInitial: false));

        Assert.Null(_startups.Of(Key));
        Assert.NotEqual(version, _startups.Version);
    }

    private static WorkerState Serving(DateTime since, double seconds) =>
        new() { Phase = WorkerPhases.Serving, Since = since, Phases = [new(WorkerPhases.Loading, seconds), new(WorkerPhases.Serving, 1)] };
}
