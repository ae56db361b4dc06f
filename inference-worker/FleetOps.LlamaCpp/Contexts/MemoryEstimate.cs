using FleetOps.LlamaCpp.Models;

namespace FleetOps.LlamaCpp.Contexts;

/// <summary>What a model and a context will take, without taking it.</summary>
public static class MemoryEstimate
{
    /// <summary>
    /// Computes the memory of a model and one context exactly as llama.cpp would allocate it, from the file's header
    /// alone: a fraction of a second, and a few megabytes. May be called from any thread.
    /// </summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="path">A GGUF file.</param>
    /// <param name="model">How it would be loaded. A mapped file takes its share as page cache, which the estimate counts too.</param>
    /// <param name="context">The context that it would get.</param>
    /// <exception cref="LlamaException">The file cannot be loaded, or llama.cpp refuses the context.</exception>
    public static IReadOnlyList<BufferMemory> Read(LlamaRuntime runtime, string path, ModelParameters model, ContextParameters context)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var simulated = LlamaModel.Load(runtime, path, model with { WithoutMemory = true });
        using var shape = new LlamaContext(simulated, context);
        return shape.ReadMemory();
    }
}
