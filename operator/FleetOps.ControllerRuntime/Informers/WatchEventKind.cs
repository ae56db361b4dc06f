namespace FleetOps.ControllerRuntime.Informers;

/// <summary>The <c>type</c> of a line of a watch.</summary>
internal enum WatchEventKind
{
    Unknown,
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}
