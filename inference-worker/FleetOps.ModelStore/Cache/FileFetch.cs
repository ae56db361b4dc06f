using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>Downloads one file of a model into its folder and verifies it.</summary>
internal sealed class FileFetch(
    HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter, FetchPlan plan, CacheFolder folder, StoredModel stored, ModelRoom room)
{
    // A file that is damaged more often while it is read is not worth the waiting.
    private const int MaxDamages = 3;

    /// <summary>Where the room for it comes from.</summary>
    public ModelRoom Room => room;

    /// <summary>Downloads what is missing of a file, and gives it its final name.</summary>
    /// <param name="file">Its places.</param>
    /// <param name="remote">The file at its source.</param>
    /// <param name="number">Which file of the model it is, from 1.</param>
    /// <param name="count">How many files the model has.</param>
    /// <param name="attempts">How often the download may fail in a row.</param>
    /// <param name="cancellationToken">Ends the fetch; a partial file stays.</param>
    public async Task<FetchedFile> RunAsync(CachedFile file, RemoteFile remote, int number, int count, int attempts, CancellationToken cancellationToken)
    {
        // What is demanded of a split model is the digest of the whole.
        string? expected = remote.Sha256 ?? (count == 1 ? plan.Sha256 : null);
        string name = plan.Source.NameOf(number, count);
        QuarantineRecord? before = expected is null ? null : QuarantineRecord.Read(file.QuarantineRecordPath);
        if (before is not null && before.Sha256 == expected && File.Exists(file.QuarantinePath))
        {
            // The digest was corrected: what was put aside is what is demanded now.
            File.Move(file.QuarantinePath, file.LinkPath, overwrite: true);
            File.Delete(file.QuarantineRecordPath);
        }

        if (expected is not null && await TryTakeLinkAsync(file, remote, expected, number, count, cancellationToken).ConfigureAwait(false) is { } shared)
        {
            return shared;
        }

        if (PartRecord.Read(file.PartRecordPath)?.DurableBytes is { } durable and > 0)
        {
            reporter.Enter(FetchPhase.Verifying, 0, durable);
        }

        await using PartialFile part = await PartialFile.OpenAsync(
            file.PartPath, file.PartRecordPath, expected, remote.Revision, reporter.Advance, cancellationToken).ConfigureAwait(false);
        try
        {
            string digest = await DownloadVerifiedAsync(
                file, remote, expected, name, part, attempts, before?.ExpectedSha256 == expected ? before : null, cancellationToken).ConfigureAwait(false);
            return Publish(file, file.PartPath, digest, remote, number, count) with { Downloaded = true };
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.InvalidGguf)
        {
            part.Discard();
            throw;
        }
    }

    private async Task<FetchedFile?> TryTakeLinkAsync(CachedFile file, RemoteFile remote, string expected, int number, int count, CancellationToken cancellationToken)
    {
        if (FileIdentity.TryOf(file.LinkPath) is not { } linked)
        {
            return null;
        }

        reporter.Enter(FetchPhase.Verifying, 0, linked.SizeBytes);
        string digest = await FileDigest.ComputeAsync(file.LinkPath, reporter.Advance, cancellationToken).ConfigureAwait(false);
        if (digest != expected)
        {
            // Its own fetch will find that out; here the file is downloaded.
            File.Delete(file.LinkPath);
            return null;
        }

        FetchedFile taken = Publish(file, file.LinkPath, digest, remote, number, count);
        File.Delete(file.PartPath);
        return taken;
    }

    private FetchedFile Publish(CachedFile file, string path, string sha256, RemoteFile remote, int number, int count)
    {
        if (count == 1)
        {
            long size = FileIdentity.Of(path).SizeBytes;
            reporter.Enter(FetchPhase.Verifying, size, size);
        }

        GgufHeader header = ModelGate.Read(path, plan.Source.NameOf(number, count), number, count);
        if (count == 1)
        {
            ModelGate.Check([header], plan.Source);
        }

        // A rename keeps size, time and inode, so the record can be written first; the file never stands there without it.
        Verdict record = stored.Describe(path, sha256, remote.Revision, remote.ETag, count == 1 ? remote.License.Or(header) : SourceLicense.Unknown, remote.Sha256 == sha256);
        record.Write(file.VerdictPath);
        DurableFile.Publish(path, file.ModelPath);
        File.Delete(file.PartRecordPath);
        return new FetchedFile(record, header, Downloaded: false);
    }

    private async Task<string> DownloadVerifiedAsync(
        CachedFile file, RemoteFile remote, string? expected, string name, PartialFile part, int attempts, QuarantineRecord? remembered, CancellationToken cancellationToken)
    {
        QuarantineRecord? before = remembered;
        var download = new Download(exchange, options, reporter, attempts, room.Require)
        {
            Begins = offered =>
            {
                if (remembered?.Foresees(offered, options.TimeProvider.GetUtcNow()) == true)
                {
                    throw new ModelSourceException(
                        ModelSourceReason.DigestMismatch,
                        $"{name} is still the version that came with the sha256 {remembered.Sha256} at {remembered.At:u}, and {expected} is demanded; it is not downloaded again. Correct the digest, or the source; remove {file.QuarantineRecordPath} to try all the same.");
                }
            },
        };
        for (int damaged = 1; ; damaged++)
        {
            await download.CompleteAsync(remote, expected, part, folder.FolderPath, cancellationToken).ConfigureAwait(false);
            bool joined = part.Joined;
            string digest = await part.FinishAsync().ConfigureAwait(false);
            if (expected is null || digest == expected)
            {
                return digest;
            }

            string message = $"{name} came with the sha256 {digest} and {expected} is demanded";
            if (!joined || damaged > MaxDamages)
            {
                PutAside(file, part.Record!, expected, digest, before);
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch, $"{message}; the download is not used and lies at {file.QuarantinePath} until a right one is there. The file is damaged at its source, changed on the way, or another one: correct the digest, or the source.");
            }

            // Parts of two versions of the file may have met; one download in one piece tells.
            reporter.Fault(new FetchFault(ModelSourceReason.DigestMismatch, $"{message} after it was downloaded in parts; it is downloaded anew.", 1, TimeSpan.Zero));
            before = Quarantine(part.Record!, expected, digest).After(before);
            part.Restart();
            download.ReadInOnePiece();
        }
    }

    private void PutAside(CachedFile file, PartRecord came, string expected, string digest, QuarantineRecord? before)
    {
        QuarantineRecord record = Quarantine(came, expected, digest);
        File.Move(file.PartPath, file.QuarantinePath, overwrite: true);
        File.Delete(file.PartRecordPath);
        record.After(before).Write(file.QuarantineRecordPath);
    }

    private QuarantineRecord Quarantine(PartRecord came, string expected, string digest) => new()
    {
        ExpectedSha256 = expected,
        Sha256 = digest,
        ETag = came.ETag,
        LastModified = came.LastModified,
        TotalBytes = came.TotalBytes,
        At = options.TimeProvider.GetUtcNow(),
    };
}
