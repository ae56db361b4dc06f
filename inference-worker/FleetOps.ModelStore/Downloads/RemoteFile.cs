using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Downloads;

/// <summary>A file that can be downloaded, and what its source says about it.</summary>
/// <param name="LocateAsync">Where it is now. Asked before each attempt, because what opens it (a signature, a token) may run out.</param>
/// <param name="JudgeAsync">What an answer that is no success means; may read its body.</param>
internal sealed record RemoteFile(
    Func<CancellationToken, ValueTask<RemoteAddress>> LocateAsync, Func<HttpAnswer, CancellationToken, ValueTask<ModelSourceException>> JudgeAsync)
{
    /// <summary>A file whose place does not change while it is downloaded.</summary>
    public RemoteFile(RemoteAddress address, Func<HttpAnswer, ModelSourceException> judge)
        : this(_ => new(address), (answer, _) => new(judge(answer)))
    {
    }

    /// <summary>The digest that the source publishes; null when it publishes none.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The size that the source publishes in bytes; null when it publishes none.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The commit, the version or the digest of the manifest; null where the source has none.</summary>
    public string? Revision { get; init; }

    /// <summary>By what the source tells its versions apart where it has no revisions; null when it names nothing.</summary>
    public string? ETag { get; init; }

    /// <summary>The validator that each answer has to match (<c>If-Match</c>); null where the source was not asked for one.</summary>
    public string? MustMatch { get; init; }

    /// <summary>Whether what opens it is made here and costs no question, so that each range gets a fresh one: a signature runs out while a large file is read.</summary>
    public bool IsSignedHere { get; init; }

    /// <summary>The licence.</summary>
    public SourceLicense License { get; init; } = SourceLicense.Unknown;

    // What a record prints of its members is of no use.
    public override string ToString() => nameof(RemoteFile);
}
