namespace FleetOps.ControllerRuntime.Events;

/// <summary>How an event concerns people.</summary>
public enum EventType
{
    /// <summary>Information.</summary>
    Normal,

    /// <summary>Something that a person may have to act on.</summary>
    Warning,
}
