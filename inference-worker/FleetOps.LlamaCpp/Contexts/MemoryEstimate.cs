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
    public static IReadOnlyList<BufferMemory> Read(LlamaRuntime runtime, string path, ModelParameters model, ContextParameters context) =>
        Read(runtime, path, model, _ => [context]);

    /// <summary>The same for as many contexts as the model is to have.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="path">A GGUF file, of which only the header is read: the rest may be a hole.</param>
    /// <param name="model">How it would be loaded.</param>
    /// <param name="contexts">The contexts that it would get, given the model without its weights.</param>
    /// <exception cref="LlamaException">The file cannot be loaded, or llama.cpp refuses a context.</exception>
    public static IReadOnlyList<BufferMemory> Read(
        LlamaRuntime runtime, string path, ModelParameters model, Func<LlamaModel, IReadOnlyList<ContextParameters>> contexts)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(contexts);
        using var simulated = LlamaModel.Load(runtime, path, model with { WithoutMemory = true });
        var memory = new List<IReadOnlyList<BufferMemory>>();
        foreach (var context in contexts(simulated))
        {
            using var shape = new LlamaContext(simulated, context);
            memory.Add(shape.ReadMemory());
        }

        return BufferMemory.Together(memory);
    }
}
