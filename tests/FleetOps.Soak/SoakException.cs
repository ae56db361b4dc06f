namespace FleetOps.Soak;

/// <summary>An answer that is not what it must be. The message says what differs.</summary>
internal sealed class SoakException(string message) : Exception(message);
