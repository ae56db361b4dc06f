using System.Collections.Concurrent;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>
/// The last start of a worker of each model, as the workers told it, and how often anything has changed that metrics of models show. Thread-safe;
/// keeps nothing of models that are gone.
/// </summary>
internal sealed class ModelStartups
{
    private readonly ConcurrentDictionary<ObjectKey, StartupTimes> _last = new();
    private long _version;

    /// <summary>The phases of a start, in their order.</summary>
    public static IReadOnlyList<string> Phases { get; } = [WorkerPhases.Fetching, WorkerPhases.Verifying, WorkerPhases.Loading, WorkerPhases.Warming];

    /// <summary>Counts the changes of models, of their starts and of ModelCaches.</summary>
    public long Version => Interlocked.Read(ref _version);

    /// <summary>The last start of a worker of a model; null while none is known.</summary>
    public StartupTimes? Of(ObjectKey model) => _last.GetValueOrDefault(model);

    /// <summary>Follows a change of a model.</summary>
    public void ModelChanged(Change<ModelDeployment> change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            _last.TryRemove(ObjectKey.Of(change.Current), out _);
        }

        Interlocked.Increment(ref _version);
    }

    /// <summary>Follows a change of a ModelCache.</summary>
    public void CacheChanged(Change<ModelCache> change) => Interlocked.Increment(ref _version);

    /// <summary>Takes what a worker of a model told.</summary>
    public void Told(ObjectKey model, WorkerState state)
    {
        if (state is not { Phase: WorkerPhases.Serving, Since: { } since, Phases: { } phases } || (Of(model) is { } known && known.ServedAt >= since))
        {
            return;
        }

        // A phase that it was in twice took the time of both.
        var told = Phases
            .Where(phase => phases.Any(past => past.Phase == phase))
            .Select(phase => KeyValuePair.Create(phase, phases.Where(past => past.Phase == phase).Sum(past => past.Seconds)));
        _last[model] = new(since, [.. told]);
        Interlocked.Increment(ref _version);
    }
}
