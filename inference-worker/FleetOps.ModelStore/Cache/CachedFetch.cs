using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Brings a remote model into the model directory, or uses the one that is there. Either way every byte is hashed in this call: a file on a disk is not
/// trusted because it was right once.
/// </summary>
internal sealed class CachedFetch(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter)
{
    // A file that is replaced more often while it is read is not worth the waiting.
    private const int MaxChanges = 3;

    // The download that follows has more patience.
    private const int MaxHeadAttempts = 3;

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

        RemoteModel remote;
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

        if (plan.BeforeDownload is { } before)
        {
            await before(new ModelAhead(token => ReadHeadAsync(plan, folder, remote, token)), cancellationToken).ConfigureAwait(false);
        }

        return await DownloadAsync(plan, folder, stored, remote, ring, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ModelHead> ReadHeadAsync(FetchPlan plan, CacheFolder folder, RemoteModel remote, CancellationToken cancellationToken)
    {
        IReadOnlyList<CachedFile> files = folder.Files(remote.Files.Count);
        var retry = new RetryLoop(options, reporter, Math.Min(MaxHeadAttempts, options.MaxAttempts));
        var read = new HeadRead(exchange, options);
        var heads = new List<FileHead>();
        for (int i = 0; i < files.Count; i++)
        {
            int number = i + 1;
            heads.Add(await retry.RunAsync(
                token => read.ReadAsync(remote.Files[number - 1], Path.GetFileName(files[number - 1].ModelPath), plan.Source.NameOf(number, files.Count), number, files.Count, token),
                () => 0,
                cancellationToken).ConfigureAwait(false));
        }

        return new ModelHead(ModelGate.Check([.. heads.Select(static head => head.Header)], plan.Source), heads);
    }

    private async Task<VerifiedModel> DownloadAsync(
        FetchPlan plan, CacheFolder folder, StoredModel stored, RemoteModel remote, ResolveRing ring, CancellationToken cancellationToken)
    {
        string? named = remote.Sha256;
        var fetched = new Dictionary<string, FetchedFile>();
        for (int faults = 1; ; faults++)
        {
            try
            {
                IReadOnlyList<CachedFile> files = folder.Files(remote.Files.Count);
                folder.KeepOnly(files);
                new SharedContent(options.ModelDirectory).LinkTo(folder, files, SharedContent.Digests(plan, remote));
                _cleaning.MakeRoom(folder, remote.SizeBytes ?? 0);
                return await DownloadAsync(plan, folder, stored, remote, fetched, ring.DownloadAttempts(options), cancellationToken).ConfigureAwait(false);
            }
            catch (ModelSourceException e) when (
                faults <= MaxChanges * remote.Files.Count && (e is SourceChangedException || (ring.HasMirrors && e.Reason == ModelSourceReason.SourceUnreachable)))
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

    private async Task<VerifiedModel> DownloadAsync(
        FetchPlan plan,
        CacheFolder folder,
        StoredModel stored,
        RemoteModel remote,
        Dictionary<string, FetchedFile> fetched,
        int attempts,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<CachedFile> files = folder.Files(remote.Files.Count);
        var fetch = new FileFetch(exchange, options, reporter, plan, folder, stored);
        RequireSpace(folder, files, remote);
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

        return Join(plan, folder, stored, remote, files, [.. files.Select(file => fetched[file.ModelPath])], total);
    }

    private VerifiedModel Join(
        FetchPlan plan, CacheFolder folder, StoredModel stored, RemoteModel remote, IReadOnlyList<CachedFile> files, IReadOnlyList<FetchedFile> fetched, long total)
    {
        string digest = Sha256Text.OfFiles([.. fetched.Select(static file => file.Record.Sha256)]);
        GgufHeader header = fetched[0].Header;
        if (files.Count > 1)
        {
            reporter.BeginFile(0, total);
            reporter.Enter(FetchPhase.Verifying, total, total);
            header = CheckWhole(plan, folder, files, fetched, digest);
            stored.Record(files, digest, total, remote.Revision, remote.ETag, remote.License ?? header.License, remote.Sha256 == digest);
        }

        reporter.Enter(FetchPhase.Completed, total, total);
        return new VerifiedModel(files[0].ModelPath, digest, total, remote.Revision, remote.License ?? header.License)
        {
            Header = header,
            DigestOrigin = StoredModel.Origin(plan, remote, null),
            Reused = !fetched.Any(static file => file.Downloaded),
        };
    }

    private static GgufHeader CheckWhole(FetchPlan plan, CacheFolder folder, IReadOnlyList<CachedFile> files, IReadOnlyList<FetchedFile> fetched, string digest)
    {
        if (plan.Sha256 is not null && digest != plan.Sha256)
        {
            foreach (CachedFile file in files)
            {
                File.Delete(file.VerdictPath);
                File.Move(file.ModelPath, file.QuarantinePath, overwrite: true);
            }

            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch,
                $"{plan.Source} came in {files.Count} files with the sha256 {digest} (of their digests, a line each) and {plan.Sha256} is demanded; they are not used and lie in {folder.FolderPath} until the next attempt. The first has {fetched[0].Record.Sha256}. One of them is damaged at its source, changed on the way, or another one: correct the digest, or the source.");
        }

        try
        {
            return ModelGate.Check([.. fetched.Select(static file => file.Header)], plan.Source);
        }
        catch (ModelSourceException)
        {
            folder.Empty();
            throw;
        }
    }

    // Each file asks for its own space; that of all is asked for before the first, where it is known.
    private static void RequireSpace(CacheFolder folder, IReadOnlyList<CachedFile> files, RemoteModel remote)
    {
        if (files.Count > 1 && remote.SizeBytes is { } size)
        {
            long there = files.SelectMany(static file => new[] { file.ModelPath, file.PartPath, file.LinkPath }).Sum(static path => File.Exists(path) ? new FileInfo(path).Length : 0);
            DiskFaults.RequireSpace(folder.FolderPath, size - there);
        }
    }
}
