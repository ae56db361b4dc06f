namespace FleetOps.ControllerRuntime.Informers;

/// <summary>What happened to an object in a store.</summary>
public enum ChangeKind
{
    /// <summary>The store did not hold it before.</summary>
    Added,

    /// <summary>The store held another version of it.</summary>
    Modified,

    /// <summary>The store no longer holds it.</summary>
    Deleted,
}
