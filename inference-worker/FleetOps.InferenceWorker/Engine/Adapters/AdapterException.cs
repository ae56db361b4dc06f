namespace FleetOps.InferenceWorker.Engine.Adapters;

/// <summary>An adapter cannot be loaded.</summary>
internal sealed class AdapterException(AdapterFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Why.</summary>
    public AdapterFault Fault { get; } = fault;
}
