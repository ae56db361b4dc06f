using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>Keeps an adapter loaded while a request uses it. Dispose it once; safe from any thread.</summary>
internal sealed class AdapterLease(AdapterDescription description, LlamaAdapter adapter, Action returned) : IDisposable
{
    private Action? _returned = returned;

    /// <summary>Name, file and scale.</summary>
    public AdapterDescription Description { get; } = description;

    /// <summary>What a context applies, with the scale of the description. Two leases of one adapter give the same object.</summary>
    public LlamaAdapter Adapter { get; } = adapter;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _returned, null)?.Invoke();
}
