namespace FleetOps.LlamaCpp.Contexts;

/// <summary>Memory that a model and one context take in one kind of buffer, in bytes.</summary>
/// <param name="Name">ggml's name for the kind, such as <c>CPU</c> or <c>CUDA0</c>.</param>
/// <param name="IsHost">Main memory instead of a GPU's.</param>
/// <param name="ModelBytes">Weights.</param>
/// <param name="ContextBytes">The cache.</param>
/// <param name="ComputeBytes">Intermediate results.</param>
public sealed record BufferMemory(string Name, bool IsHost, long ModelBytes, long ContextBytes, long ComputeBytes);
