namespace FleetOps.LlamaCpp.Contexts;

/// <summary>Memory that a model and its contexts take in one kind of buffer, in bytes.</summary>
/// <param name="Name">ggml's name for the kind, such as <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="IsHost">Main memory instead of a GPU's. Weights that the CPU backend keeps in a form of its own are in buffers that do not say so.</param>
/// <param name="ModelBytes">Weights.</param>
/// <param name="ContextBytes">The cache.</param>
/// <param name="ComputeBytes">Intermediate results.</param>
public sealed record BufferMemory(string Name, bool IsHost, long ModelBytes, long ContextBytes, long ComputeBytes)
{
    /// <summary>The memory of a model and all of its contexts: its weights once, and what each context takes.</summary>
    /// <param name="contexts">What each of the contexts reports, with the weights of the one model that they share.</param>
    public static IReadOnlyList<BufferMemory> Together(IEnumerable<IReadOnlyList<BufferMemory>> contexts) =>
        [.. contexts
            .SelectMany(static context => context)
            .GroupBy(static buffer => (buffer.Name, buffer.IsHost))
            .Select(static kind => new BufferMemory(
                kind.Key.Name,
                kind.Key.IsHost,
                kind.Max(static buffer => buffer.ModelBytes),
                kind.Sum(static buffer => buffer.ContextBytes),
                kind.Sum(static buffer => buffer.ComputeBytes)))];
}
