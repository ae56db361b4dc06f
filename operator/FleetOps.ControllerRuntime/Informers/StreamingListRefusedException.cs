namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The server does not do streaming lists; pages are listed instead.</summary>
internal sealed class StreamingListRefusedException(string message) : Exception(message);
