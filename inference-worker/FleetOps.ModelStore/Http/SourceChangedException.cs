namespace FleetOps.ModelStore.Http;

/// <summary>The source has another version of the file now than when it was asked, so it has to be asked again.</summary>
internal sealed class SourceChangedException(string message) : ModelSourceException(ModelSourceReason.SourceUnreachable, message);
