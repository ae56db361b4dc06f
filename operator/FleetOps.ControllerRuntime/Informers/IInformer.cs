namespace FleetOps.ControllerRuntime.Informers;

/// <summary>What the host needs of an informer whatever its kind.</summary>
public interface IInformer
{
    /// <summary>The kind and scope watched, for people.</summary>
    string Name { get; }

    /// <summary>Whether the store has held the whole collection at least once.</summary>
    bool HasSynced { get; }

    /// <summary>What keeps the informer from being up to date; null while its watch is well.</summary>
    string? Problem { get; }

    /// <summary>Completes once <see cref="HasSynced"/> is true.</summary>
    Task Synced { get; }

    /// <summary>Lists and watches until cancelled. Call once.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
