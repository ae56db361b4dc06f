using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Where the services find the model once it is loaded. Safe for use from any thread.</summary>
internal sealed class ModelRegistry(WorkerState state)
{
    private volatile ServedModel? _loaded;

    /// <summary>The loaded model, also while it warms up; null before.</summary>
    public ServedModel? Loaded
    {
        get => _loaded;
        set => _loaded = value;
    }

    /// <summary>The model that may be asked now; null while it is loading and after the end.</summary>
    public ServedModel? Serving => state.Phase is WorkerPhase.Serving or WorkerPhase.Draining ? _loaded : null;

    /// <summary>Requests that hold a slot.</summary>
    public int Running => _loaded?.Running ?? 0;

    /// <summary>Requests that wait for a slot.</summary>
    public int Waiting => _loaded?.Waiting ?? 0;
}
