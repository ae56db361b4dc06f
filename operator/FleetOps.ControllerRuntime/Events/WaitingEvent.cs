namespace FleetOps.ControllerRuntime.Events;

/// <summary>An event in the queue.</summary>
internal readonly record struct WaitingEvent(RecordedEvent Event, long Number)
{
    /// <summary>Warnings go before others, and of each kind the first that came.</summary>
    public static IComparer<WaitingEvent> Order { get; } = Comparer<WaitingEvent>.Create(static (left, right) =>
        left.Event.Type != right.Event.Type ? right.Event.Type.CompareTo(left.Event.Type) : left.Number.CompareTo(right.Number));
}
