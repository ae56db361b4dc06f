using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore;

/// <summary>What to fetch and what it has to be.</summary>
/// <param name="Source">Where the model is.</param>
public sealed record FetchRequest(ModelSource Source)
{
    /// <summary>Branch, tag or commit of <c>hf://</c>, version of an object of <c>s3://</c>. Null means what the source names, or its newest.</summary>
    public string? Revision { get; init; }

    /// <summary>The digest the file must have: 64 hexadecimal digits. Null enforces the digest that the source itself publishes, if it does.</summary>
    public string? Sha256 { get; init; }

    /// <summary>
    /// Whether a file that is used where it lies, and whose digest nobody demands, is returned as soon as its header is checked; it is hashed
    /// meanwhile (<see cref="VerifiedModel.PendingDigest"/>).
    /// </summary>
    public bool DigestMayFollow { get; init; }

    /// <summary>Whether a file is refused whose digest neither the request nor the source names.</summary>
    public bool RequireDigest { get; init; }

    /// <summary>
    /// The one licence that was accepted, as the source names it: a file under another one is refused, but not one whose licence nobody names. Null accepts none,
    /// which a source refuses that is gated.
    /// </summary>
    public string? AcceptedLicense { get; init; }

    /// <summary>
    /// Is called once, before anything of a remote model is downloaded; not for one that is there already. What it throws ends the fetch. Null for nothing.
    /// </summary>
    public Func<ModelAhead, CancellationToken, Task>? BeforeDownload { get; init; }
}
