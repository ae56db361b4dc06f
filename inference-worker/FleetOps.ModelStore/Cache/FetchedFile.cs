using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>A file of a model that was verified in this call and lies in its final place.</summary>
/// <param name="Record">Its record.</param>
/// <param name="Header">Its header.</param>
/// <param name="Downloaded">False when it was there already.</param>
internal sealed record FetchedFile(Verdict Record, GgufHeader Header, bool Downloaded);
