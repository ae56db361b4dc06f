namespace FleetOps.InferenceWorker.State;

/// <summary>What a fetch found.</summary>
/// <param name="SizeBytes">Size of the file.</param>
/// <param name="Sha256">Digest of the file, lower-case hex.</param>
/// <param name="License">Licence, empty if unknown.</param>
/// <param name="Revision">Revision of the source, empty if it has none.</param>
/// <param name="DigestOrigin">Who said what the digest has to be: Request, Source, Record, or Computed where nobody did.</param>
internal sealed record FetchedModel(long SizeBytes, string Sha256, string License, string Revision, string DigestOrigin);
