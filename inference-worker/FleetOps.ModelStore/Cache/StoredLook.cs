using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>What a look into a cache folder found.</summary>
/// <param name="Model">The model, verified; null when it has to be fetched.</param>
/// <param name="Record">The record that lay there, by which somebody who looks again sees whether it is still so.</param>
/// <param name="Remote">What the source says; null when it was not asked.</param>
/// <param name="Wrong">Files that are damaged; null when none is.</param>
/// <param name="Elsewhere">Where to look instead; null when this is the place.</param>
internal sealed record StoredLook(VerifiedModel? Model, Verdict? Record, RemoteModel? Remote = null, WrongFiles? Wrong = null, CacheFolder? Elsewhere = null);
