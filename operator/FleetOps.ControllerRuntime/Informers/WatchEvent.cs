namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One line of a watch.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Key">The object; empty for a bookmark or a line of which not even that could be read.</param>
/// <param name="Entity">The object; null for a bookmark and when it could not be read.</param>
/// <param name="ResourceVersion">Where the watch stands after this line; null when that could not be read.</param>
/// <param name="EndsInitialEvents">True for the bookmark that ends a streaming list.</param>
/// <param name="Fault">Why the object could not be read; null when it could.</param>
internal readonly record struct WatchEvent<T>(WatchEventKind Kind, ObjectKey Key, T? Entity, string? ResourceVersion, bool EndsInitialEvents, Exception? Fault)
    where T : class;
