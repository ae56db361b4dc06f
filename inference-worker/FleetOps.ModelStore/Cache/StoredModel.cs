using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>The model that lies in a cache folder already, if any.</summary>
internal sealed class StoredModel(FetchPlan plan, CacheFolder folder, FetchReporter reporter, TimeProvider time)
{
    /// <summary>
    /// True when the stored file may be used without asking the source: the request names its digest, or its revision cannot move, or its source cannot
    /// be asked. A URL is taken to name the same file for as long as the folder lives.
    /// </summary>
    public static bool Suffices(FetchPlan plan, Verdict? verdict) =>
        plan.Sha256 is not null || (verdict is not null && (!plan.Source.IsAskedAgain || (plan.IsPinned && verdict.Revision == plan.Revision)));

    /// <summary>True when a source still has the version that is stored, by its digest, else by its revision and validator.</summary>
    public static bool IsCurrent(Verdict verdict, RemoteFile remote) => remote.Sha256 is null
        ? verdict.Revision == remote.Revision && verdict.ETag == remote.ETag
        : verdict.Sha256 == remote.Sha256;

    /// <summary>Who names the digest of a file.</summary>
    public static DigestOrigin Origin(FetchPlan plan, RemoteFile? remote, Verdict? verdict) =>
        plan.Sha256 is not null ? DigestOrigin.Request
        : remote?.Sha256 is not null ? DigestOrigin.Source
        : verdict is not null ? DigestOrigin.Record
        : DigestOrigin.Computed;

    /// <summary>Gives the finished part its final name, with its record.</summary>
    public static void Publish(FetchPlan plan, CacheFolder folder, string sha256, RemoteFile remote, string? license, TimeProvider time)
    {
        // A rename keeps size, time and inode, so the record can be written first; the model never stands there without it.
        Write(plan, folder, folder.PartPath, sha256, remote.Revision, remote.ETag, license, time);
        DurableFile.Publish(folder.PartPath, folder.ModelPath);
        File.Delete(folder.PartRecordPath);
    }

    /// <summary>Hashes the stored file and returns it when it is what it has to be; removes it and returns null when it is not.</summary>
    /// <param name="verdict">Its record; null when there is none.</param>
    /// <param name="remote">What the source says; null when it was not asked.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    public async Task<VerifiedModel?> TryReuseAsync(Verdict? verdict, RemoteFile? remote, CancellationToken cancellationToken)
    {
        string? expected = plan.Sha256 ?? remote?.Sha256 ?? verdict?.Sha256;
        if (expected is null || !File.Exists(folder.ModelPath))
        {
            return null;
        }

        FileIdentity found = FileIdentity.Of(folder.ModelPath);
        reporter.Enter(FetchPhase.Verifying, 0, found.SizeBytes);
        string digest = await FileDigest.ComputeAsync(folder.ModelPath, reporter.Advance, cancellationToken).ConfigureAwait(false);
        if (digest != expected)
        {
            Remove();
            reporter.Fault(new FetchFault(
                ModelSourceReason.DigestMismatch,
                $"The stored file of {plan.Source} has the sha256 {digest} and {expected} is demanded; it was removed and is fetched anew.",
                1,
                TimeSpan.Zero));
            return null;
        }

        string? revision = remote?.Revision ?? verdict?.Revision;
        string? tag = remote is null ? verdict?.ETag : remote.ETag;
        GgufHeader header;
        try
        {
            header = ModelGate.Check(folder.ModelPath, plan.Source);
        }
        catch (ModelSourceException)
        {
            Remove();
            throw;
        }

        string? license = remote?.License ?? verdict?.License ?? header.License;
        if (verdict is null || verdict.Revision != revision || verdict.ETag != tag || new FileIdentity(verdict.SizeBytes, verdict.ModifiedNanoseconds, verdict.Inode) != found)
        {
            Write(plan, folder, folder.ModelPath, digest, revision, tag, license, time);
        }

        reporter.Enter(FetchPhase.Completed, found.SizeBytes, found.SizeBytes);
        return new VerifiedModel(folder.ModelPath, digest, found.SizeBytes, revision, license)
        {
            Header = header,
            DigestOrigin = Origin(plan, remote, verdict),
            Reused = true,
        };
    }

    /// <summary>Removes the stored file and its record.</summary>
    public void Remove()
    {
        File.Delete(folder.ModelPath);
        File.Delete(folder.VerdictPath);
    }

    private static void Write(
        FetchPlan plan, CacheFolder folder, string path, string sha256, string? revision, string? tag, string? license, TimeProvider time)
    {
        FileIdentity identity = FileIdentity.Of(path);
        new Verdict
        {
            Source = plan.Source.ToString(),
            Sha256 = sha256,
            SizeBytes = identity.SizeBytes,
            ModifiedNanoseconds = identity.ModifiedNanoseconds,
            Inode = identity.Inode,
            Revision = revision,
            ETag = tag,
            License = license,
            VerifiedAt = time.GetUtcNow(),
        }.Write(folder.VerdictPath);
    }
}
