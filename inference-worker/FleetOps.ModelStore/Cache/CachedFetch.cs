using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Brings a remote file into the model directory, or uses the one that is there. Either way every byte is hashed in this call: a file on a disk is not
/// trusted because it was right once.
/// </summary>
internal sealed class CachedFetch(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter)
{
    // A file that is replaced or damaged more often while it is read is not worth the waiting.
    private const int MaxChanges = 3;

    private readonly CacheCleaning _cleaning = new(options.ModelDirectory, options.MaxCacheBytes);

    /// <summary>Fetches, holding the lock of the source.</summary>
    /// <param name="plan">What to fetch.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="ring">Asks the source, or a mirror of it, what it has.</param>
    /// <param name="cancellationToken">Ends the fetch; a partial file stays.</param>
    public async Task<VerifiedModel> RunAsync(
        FetchPlan plan, CacheFolder folder, ResolveRing ring, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(folder.FolderPath);
            using FetchLock held = await FetchLock.AcquireAsync(
                folder.LockPath, options.TimeProvider, () => reporter.Enter(FetchPhase.Waiting), cancellationToken).ConfigureAwait(false);
            folder.Touch(options.TimeProvider.GetUtcNow());
            VerifiedModel model = await FetchLockedAsync(plan, folder, ring, cancellationToken).ConfigureAwait(false);
            _cleaning.MakeRoom(folder, 0);
            return model with { Use = ModelUse.Begin(folder) };
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw DiskFaults.OnWrite(e, folder.FolderPath);
        }
    }

    private async Task<VerifiedModel> FetchLockedAsync(
        FetchPlan plan, CacheFolder folder, ResolveRing ring, CancellationToken cancellationToken)
    {
        Verdict? verdict = Verdict.Read(folder.VerdictPath);
        var stored = new StoredModel(plan, folder, reporter, options.TimeProvider);
        if (StoredModel.Suffices(plan, verdict) && await stored.TryReuseAsync(verdict, null, cancellationToken).ConfigureAwait(false) is { } sufficient)
        {
            return sufficient;
        }

        RemoteFile remote;
        try
        {
            reporter.Enter(FetchPhase.Resolving);
            remote = await new RetryLoop(options, reporter).RunAsync(ring.ResolveAsync, () => 0, cancellationToken).ConfigureAwait(false);
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.SourceUnreachable && verdict is not null && plan.Sha256 is null)
        {
            // A source that is down does not stop a restart: the folder belongs to this very source and revision.
            if (await stored.TryReuseAsync(verdict, null, cancellationToken).ConfigureAwait(false) is { } kept)
            {
                return kept;
            }

            throw;
        }

        if (plan.Sha256 is not null && remote.Sha256 is not null && plan.Sha256 != remote.Sha256)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch,
                $"{plan.Source} has the sha256 {remote.Sha256} by its source's own metadata and {plan.Sha256} is demanded; nothing was downloaded. Correct the digest, or pin the revision it belongs to.");
        }

        if (verdict is not null && StoredModel.IsCurrent(verdict, remote) && await stored.TryReuseAsync(verdict, remote, cancellationToken).ConfigureAwait(false) is { } unchanged)
        {
            return unchanged;
        }

        stored.Remove();
        File.Delete(folder.QuarantinePath);
        _cleaning.MakeRoom(folder, remote.SizeBytes ?? 0);
        return await DownloadAsync(plan, folder, remote, ring, cancellationToken).ConfigureAwait(false);
    }

    private async Task<VerifiedModel> DownloadAsync(FetchPlan plan, CacheFolder folder, RemoteFile remote, ResolveRing ring, CancellationToken cancellationToken)
    {
        string? named = remote.Sha256;
        for (int faults = 1; ; faults++)
        {
            try
            {
                return await DownloadAsync(plan, folder, remote, ring.DownloadAttempts(options), cancellationToken).ConfigureAwait(false);
            }
            catch (ModelSourceException e) when (faults <= MaxChanges && (e is SourceChangedException || (ring.HasMirrors && e.Reason == ModelSourceReason.SourceUnreachable)))
            {
                reporter.Fault(new FetchFault(e.Reason, $"{e.Message} The source is asked again.", faults, TimeSpan.Zero));
                remote = await new RetryLoop(options, reporter).RunAsync(ring.ResolveAsync, () => 0, cancellationToken).ConfigureAwait(false);
                if (ring.HasMirrors && named is not null && remote.Sha256 is not null && remote.Sha256 != named)
                {
                    throw new ModelSourceException(
                        ModelSourceReason.DigestMismatch, $"A mirror names the sha256 {remote.Sha256} for {plan.Source} where the source names {named}; remove that mirror.");
                }
            }
        }
    }

    private async Task<VerifiedModel> DownloadAsync(FetchPlan plan, CacheFolder folder, RemoteFile remote, int attempts, CancellationToken cancellationToken)
    {
        string? expected = plan.Sha256 ?? remote.Sha256;
        if (PartRecord.Read(folder.PartRecordPath)?.DurableBytes is { } durable and > 0)
        {
            reporter.Enter(FetchPhase.Verifying, 0, durable);
        }

        await using PartialFile part = await PartialFile.OpenAsync(
            folder.PartPath, folder.PartRecordPath, expected, remote.Revision, reporter.Advance, cancellationToken).ConfigureAwait(false);
        try
        {
            string digest = await DownloadVerifiedAsync(plan, folder, remote, expected, part, attempts, cancellationToken).ConfigureAwait(false);
            reporter.Enter(FetchPhase.Verifying, part.Length, part.Length);
            GgufHeader header = ModelGate.Check(folder.PartPath, plan.Source);
            string? license = remote.License ?? header.License;
            StoredModel.Publish(plan, folder, digest, remote, license, options.TimeProvider);
            reporter.Enter(FetchPhase.Completed, part.Length, part.Length);
            return new VerifiedModel(folder.ModelPath, digest, part.Length, remote.Revision, license)
            {
                Header = header,
                DigestOrigin = StoredModel.Origin(plan, remote, null),
                Reused = false,
            };
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.DigestMismatch)
        {
            File.Move(folder.PartPath, folder.QuarantinePath, overwrite: true);
            File.Delete(folder.PartRecordPath);
            throw;
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.InvalidGguf)
        {
            part.Discard();
            throw;
        }
    }

    private async Task<string> DownloadVerifiedAsync(
        FetchPlan plan, CacheFolder folder, RemoteFile remote, string? expected, PartialFile part, int attempts, CancellationToken cancellationToken)
    {
        var download = new Download(exchange, options, reporter, attempts);
        for (int damaged = 1; ; damaged++)
        {
            await download.CompleteAsync(remote, expected, part, folder.FolderPath, cancellationToken).ConfigureAwait(false);
            bool joined = part.Joined;
            string digest = await part.FinishAsync().ConfigureAwait(false);
            if (expected is null || digest == expected)
            {
                return digest;
            }

            string message = $"{plan.Source} came with the sha256 {digest} and {expected} is demanded";
            if (!joined || damaged > MaxChanges)
            {
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch, $"{message}; the download is not used and lies at {folder.QuarantinePath} until the next attempt. The file is damaged at its source, changed on the way, or another one: correct the digest, or the source.");
            }

            // Parts of two versions of the file may have met; one download in one piece tells.
            reporter.Fault(new FetchFault(ModelSourceReason.DigestMismatch, $"{message} after it was downloaded in parts; it is downloaded anew.", 1, TimeSpan.Zero));
            part.Restart();
            download.ReadInOnePiece();
        }
    }
}
