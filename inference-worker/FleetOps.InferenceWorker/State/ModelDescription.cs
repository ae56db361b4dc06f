namespace FleetOps.InferenceWorker.State;

/// <summary>What is served.</summary>
/// <param name="Architecture">As the GGUF names it.</param>
/// <param name="Name">Name under which it is served.</param>
/// <param name="Parameters">Count of weights.</param>
/// <param name="Quantization">Type of most weights.</param>
/// <param name="ContextLength">Tokens that one request may use.</param>
/// <param name="SizeBytes">Size of the file.</param>
/// <param name="Sha256">Digest of the file, lower-case hex.</param>
/// <param name="License">Licence, empty if unknown.</param>
/// <param name="Revision">Revision of the source, empty if it has none.</param>
/// <param name="DigestOrigin">Who said what the digest has to be, by a name of the model store: Request, Source, Record, or Computed where nobody did, so that the file is described and not verified.</param>
internal sealed record ModelDescription(
    string Architecture,
    string Name,
    long Parameters,
    string Quantization,
    int ContextLength,
    long SizeBytes,
    string Sha256,
    string License,
    string Revision,
    string DigestOrigin);
