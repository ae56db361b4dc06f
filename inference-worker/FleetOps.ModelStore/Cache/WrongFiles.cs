using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>Stored files whose bytes are not those that they were, or have to be.</summary>
/// <param name="Files">The files as they were when they were hashed.</param>
/// <param name="Message">What is wrong, for people.</param>
internal sealed record WrongFiles(IReadOnlyList<(CachedFile File, FileIdentity Identity)> Files, string Message);
