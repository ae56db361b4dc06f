namespace FleetOps.ModelStore;

/// <summary>Who said what the digest of a file has to be.</summary>
public enum DigestOrigin
{
    /// <summary>Nobody: the digest was computed and is reported, nothing was enforced.</summary>
    Computed,

    /// <summary>The request.</summary>
    Request,

    /// <summary>The metadata of the source (the hub's LFS record), now or when the file was fetched.</summary>
    Source,

    /// <summary>The record that was written when this file was first fetched: it is what it was then.</summary>
    Record,
}
