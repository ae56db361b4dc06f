namespace FleetOps.ControllerRuntime.Informers;

/// <summary>How an informer lists and watches. The defaults suit production.</summary>
public sealed record InformerOptions
{
    /// <summary>Objects per page of a LIST. Default: 500.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Lower bound of the random duration asked for one watch. Default: 5 min.</summary>
    public TimeSpan MinWatchDuration { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Upper bound of it. Default: 10 min.</summary>
    public TimeSpan MaxWatchDuration { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// A watch on which nothing came for this long, not even a bookmark, is taken for dead and opened again where it was. API servers
    /// send a bookmark about each minute. Default: 3 min.
    /// </summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long a streaming list may be silent before its end mark; longer, and pages are listed instead. Default: 10 s.</summary>
    public TimeSpan StreamingListPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause after the first fault; it doubles with each further one. Default: 0.2 s.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromSeconds(0.2);

    /// <summary>Longest pause before jitter. An operator has a handful of watches, so it can afford to notice soon. Default: 10 s.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest pause before jitter while the server does not know the kind, so that a new CRD is noticed soon. Default: 5 s.</summary>
    public TimeSpan MaxAbsentBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the server must deny knowing the kind before its objects count as deleted. A starting API server denies kinds that it has not
    /// loaded yet. Default: 30 s.
    /// </summary>
    public TimeSpan AbsenceGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// True for a kind that may not be served at all, such as an optional API: its absence counts as an empty, synced store.
    /// Default: false.
    /// </summary>
    public bool Optional { get; init; }
}
