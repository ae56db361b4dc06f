namespace FleetOps.ModelStore.Hub;

/// <summary>The Git LFS record of a file: its digest and size.</summary>
internal sealed record HubLfs
{
    /// <summary>SHA-256 of the file, 64 hexadecimal digits.</summary>
    public string? Oid { get; init; }

    public long? Size { get; init; }
}
