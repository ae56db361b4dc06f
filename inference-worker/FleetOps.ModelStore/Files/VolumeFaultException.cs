namespace FleetOps.ModelStore.Files;

/// <summary>The volume of the model directory failed in a way that may pass, as a network volume does whose server is restarted.</summary>
internal sealed class VolumeFaultException(string message, Exception fault) : ModelSourceException(ModelSourceReason.SourceUnreachable, message, fault);
