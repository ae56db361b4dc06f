using FleetOps.ModelStore.Gguf;

namespace FleetOps.ModelStore;

/// <summary>The headers of a model whose weights are not there. They are checked for what could harm who reads them; no digest vouches for them yet.</summary>
/// <param name="Header">The header of the whole model.</param>
/// <param name="Files">The heads of its files, in their order.</param>
public sealed record ModelHead(GgufHeader Header, IReadOnlyList<FileHead> Files);
