using FleetOps.ModelStore.Gguf;

namespace FleetOps.ModelStore;

/// <summary>The beginning of one file of a model, up to its weights.</summary>
/// <param name="FileName">The name that the file has, or will have once it is downloaded.</param>
/// <param name="Bytes">The bytes of the header, from the first of the file.</param>
/// <param name="Header">What they say, checked.</param>
public sealed record FileHead(string FileName, ReadOnlyMemory<byte> Bytes, GgufHeader Header);
