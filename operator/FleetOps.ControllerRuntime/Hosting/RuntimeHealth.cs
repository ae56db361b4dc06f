using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>What the probes tell. Thread-safe.</summary>
public sealed class RuntimeHealth
{
    private readonly InformerRegistry _informers;
    private readonly LeaderElection _election;
    private volatile Exception? _failure;

    internal RuntimeHealth(InformerRegistry informers, LeaderElection election)
    {
        _informers = informers;
        _election = election;
    }

    /// <summary>Why the process should be restarted; empty when it is well.</summary>
    public IReadOnlyList<string> LivenessProblems()
    {
        var problems = new List<string>();
        if (_failure is { } failure)
        {
            problems.Add($"controllers have stopped: {failure.Message}");
        }

        if (_election.IsOverdue)
        {
            problems.Add("the lease was not renewed for longer than it lasts, although this process believes to lead");
        }

        return problems;
    }

    /// <summary>Why the process cannot serve yet; empty when all stores have been filled once, on standbys too.</summary>
    public IReadOnlyList<string> ReadinessProblems() =>
        [.. LivenessProblems(), .. _informers.All.Where(informer => !informer.HasSynced).Select(informer => $"{informer.Name} is not synced: {informer.Problem}")];

    internal void Failed(Exception failure) => _failure = failure;
}
