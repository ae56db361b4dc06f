namespace FleetOps.LlamaCpp;

/// <summary>llama.cpp could not do what was asked. Misuse of the binding is an <see cref="ArgumentException"/> or an <see cref="InvalidOperationException"/> instead.</summary>
/// <param name="fault">Why, from a closed list.</param>
/// <param name="message">What, with which value, and what cures it.</param>
/// <param name="innerException">The cause, when it is an exception.</param>
public sealed class LlamaException(LlamaFault fault, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Why the call failed.</summary>
    public LlamaFault Fault { get; } = fault;
}
