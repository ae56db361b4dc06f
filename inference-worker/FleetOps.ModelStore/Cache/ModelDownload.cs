using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>Downloads the files of a model into its folder, verifies each of them and then the whole. The lock of the folder is held.</summary>
/// <param name="exchange">Sends the requests.</param>
/// <param name="options">Where the models are, and how patient to be.</param>
/// <param name="reporter">Is told how it goes.</param>
/// <param name="cleaning">Removes models that nobody uses, for their room.</param>
/// <param name="plan">What is asked for.</param>
/// <param name="folder">Where it comes to.</param>
/// <param name="stored">What is there already.</param>
/// <param name="isAlone">Whether it is proved that nobody else writes to the folder.</param>
internal sealed class ModelDownload(
    HttpExchange exchange,
    ModelFetcherOptions options,
    FetchReporter reporter,
    CacheCleaning cleaning,
    FetchPlan plan,
    CacheFolder folder,
    StoredModel stored,
    bool isAlone)
{
    // A file that is replaced more often while it is read is not worth the waiting.
    private const int MaxChanges = 3;

    private readonly string? _writer = isAlone ? null : Guid.NewGuid().ToString("N")[..8];

    /// <summary>Downloads what is missing of the model.</summary>
    /// <param name="remote">The model at its source.</param>
    /// <param name="ring">Asks the source, or a mirror of it, again.</param>
    /// <param name="cancellationToken">Ends the download; a partial file stays where a lock keeps it for the next one.</param>
    public async Task<VerifiedModel> RunAsync(RemoteModel remote, ResolveRing ring, CancellationToken cancellationToken)
    {
        string? named = remote.Sha256;
        bool isFree = ModelUse.IsFree(folder, options.HasLocks);
        var fetched = new Dictionary<string, FetchedFile>();
        var room = new ModelRoom(folder, cleaning, options, isFree);
        IReadOnlyList<CachedFile> files = [];
        try
        {
            for (int faults = 1; ; faults++)
            {
                try
                {
                    files = folder.Files(remote.Files.Count, _writer);
                    Prepare(files, remote, isFree);
                    var fetch = new FileFetch(exchange, options, reporter, plan, folder, stored, room);
                    VerifiedModel model = await DownloadAsync(remote, files, fetch, fetched, ring.DownloadAttempts(options), cancellationToken).ConfigureAwait(false);
                    _ = isFree && folder.RemoveAside();
                    return model;
                }
                catch (ModelSourceException e) when (e.Reason == ModelSourceReason.DiskFull && room.TryFree())
                {
                    reporter.Fault(new FetchFault(e.Reason, $"{e.Message} A model that nobody uses was removed, and the download goes on.", faults, TimeSpan.Zero));
                }
                catch (ModelSourceException e) when (
                    faults <= MaxChanges * remote.Files.Count && (e is SourceChangedException || (ring.HasMirrors && e is not VolumeFaultException && e.Reason == ModelSourceReason.SourceUnreachable)))
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
        finally
        {
            // What only this fetcher knows is of use to nobody.
            foreach (CachedFile file in _writer is null ? [] : files)
            {
                File.Delete(file.PartPath);
                File.Delete(file.PartRecordPath);
                File.Delete(file.LinkPath);
            }
        }
    }

    private void Prepare(IReadOnlyList<CachedFile> files, RemoteModel remote, bool isFree)
    {
        if (isFree)
        {
            folder.KeepOnly(files);
        }
        else if (_writer is not null)
        {
            folder.RemoveAbandoned();
        }

        if (files.Count > 1 && plan.Sha256 is not null && remote.ETag is not null
            && QuarantineRecord.Read(folder.QuarantineRecordPath) is { } before && before.Times > 1 && before.ExpectedSha256 == plan.Sha256 && before.ETag == remote.ETag)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch,
                $"{plan.Source} still has the files that came with the sha256 {before.Sha256} (of their digests, a line each) at {before.At:u}, and {plan.Sha256} is demanded; they are not downloaded again. Correct the digest, or the source; remove {folder.QuarantineRecordPath} to try all the same.");
        }

        new SharedContent(options.ModelDirectory).LinkTo(folder, files, SharedContent.Digests(plan, remote));
    }

    private async Task<VerifiedModel> DownloadAsync(
        RemoteModel remote, IReadOnlyList<CachedFile> files, FileFetch fetch, Dictionary<string, FetchedFile> fetched, int attempts, CancellationToken cancellationToken)
    {
        // Each file asks for its own space; that of all is asked for before the first, where it is known.
        if (remote.SizeBytes is { } size)
        {
            IEnumerable<string> there = files.SelectMany(static file => new[] { file.PartPath, file.LinkPath }).Concat(files.Count == 1 ? [] : files.Select(static file => file.ModelPath));
            fetch.Room.Require(size - there.Sum(static path => File.Exists(path) ? new FileInfo(path).Length : 0));
        }

        long total = 0;
        for (int i = 0; i < files.Count; i++)
        {
            CachedFile file = files[i];
            if (files.Count > 1)
            {
                reporter.BeginFile(total, remote.SizeBytes);
            }

            if (!fetched.TryGetValue(file.ModelPath, out FetchedFile? known) || !StoredModel.IsCurrent(known.Record, remote.Files[i]))
            {
                FetchedFile? kept = files.Count == 1 ? null : await stored.TryKeepAsync(file, remote.Files[i], i + 1, files.Count, cancellationToken).ConfigureAwait(false);
                known = kept ?? await fetch.RunAsync(file, remote.Files[i], i + 1, files.Count, attempts, cancellationToken).ConfigureAwait(false);
                fetched[file.ModelPath] = known;
            }

            total += known.Record.SizeBytes;
        }

        return Join(remote, files, [.. files.Select(file => fetched[file.ModelPath])], total);
    }

    private VerifiedModel Join(RemoteModel remote, IReadOnlyList<CachedFile> files, IReadOnlyList<FetchedFile> fetched, long total)
    {
        string digest = Sha256Text.OfFiles([.. fetched.Select(static file => file.Record.Sha256)]);
        GgufHeader header = fetched[0].Header;
        if (files.Count > 1)
        {
            reporter.BeginFile(0, total);
            reporter.Enter(FetchPhase.Verifying, total, total);
            header = CheckWhole(remote, files, fetched, digest);
            stored.Record(files, digest, total, remote.Revision, remote.ETag, remote.License.Or(header), remote.Sha256 == digest);
        }

        reporter.Enter(FetchPhase.Completed, total, total);
        SourceLicense license = remote.License.Or(header);
        return new VerifiedModel(files[0].ModelPath, digest, total, remote.Revision, license.Name)
        {
            Header = header,
            LicenseLink = license.Link,
            IsGated = license.IsGated,
            DigestOrigin = StoredModel.Origin(plan, remote, null),
            Reused = !fetched.Any(static file => file.Downloaded),
        };
    }

    private GgufHeader CheckWhole(RemoteModel remote, IReadOnlyList<CachedFile> files, IReadOnlyList<FetchedFile> fetched, string digest)
    {
        if (plan.Sha256 is not null && digest != plan.Sha256)
        {
            foreach (CachedFile file in files)
            {
                file.PutAside();
            }

            new QuarantineRecord { ExpectedSha256 = plan.Sha256, Sha256 = digest, ETag = remote.ETag, At = options.TimeProvider.GetUtcNow() }
                .After(QuarantineRecord.Read(folder.QuarantineRecordPath)).Write(folder.QuarantineRecordPath);
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch,
                $"{plan.Source} came in {files.Count} files with the sha256 {digest} (of their digests, a line each) and {plan.Sha256} is demanded; they are not used and lie in {folder.FolderPath} until right ones are there. The first has {fetched[0].Record.Sha256}. One of them is damaged at its source, changed on the way, or another one: correct the digest, or the source.");
        }

        try
        {
            return ModelGate.Check([.. fetched.Select(static file => file.Header)], plan.Source);
        }
        catch (ModelSourceException)
        {
            if (ModelUse.IsFree(folder, options.HasLocks))
            {
                folder.Empty();
            }

            throw;
        }
    }
}
