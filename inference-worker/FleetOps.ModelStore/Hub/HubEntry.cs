namespace FleetOps.ModelStore.Hub;

/// <summary>One file in the hub's listing of a folder.</summary>
internal sealed record HubEntry
{
    public string? Path { get; init; }

    public long? Size { get; init; }

    public HubLfs? Lfs { get; init; }
}
