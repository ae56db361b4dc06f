using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Brings a remote model into the model directory, or uses the one that is there. Either way every byte is hashed in this call, unless records are trusted: a
/// file on a disk is not trusted because it was right once.
/// </summary>
/// <remarks>
/// What is stored is hashed under a share of the lock, so that all replicas on a volume do it at once; only who changes something holds the lock alone. What
/// others may want or use is not replaced: another version gets a folder of its own.
/// </remarks>
internal sealed class CachedFetch(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter)
{
    // The download that follows has more patience.
    private const int MaxHeadAttempts = 3;

    // A volume that fails more often in a row is not worth the waiting either.
    private const int MaxVolumeFaults = 5;

    private readonly CacheCleaning _cleaning = new(options);

    /// <summary>Fetches, or uses what is there.</summary>
    /// <param name="plan">What to fetch.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="ring">Asks the source, or a mirror of it, what it has.</param>
    /// <param name="cancellationToken">Ends the fetch; a partial file stays.</param>
    public async Task<VerifiedModel> RunAsync(FetchPlan plan, CacheFolder folder, ResolveRing ring, CancellationToken cancellationToken)
    {
        for (int faults = 1; ; faults++)
        {
            try
            {
                return await FetchAsync(plan, folder, ring, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (DiskFaults.IsDiskFault(e) || e is VolumeFaultException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                ModelSourceException fault = e as VolumeFaultException ?? DiskFaults.OnWrite(e, folder.FolderPath);
                if (fault is not VolumeFaultException)
                {
                    throw fault;
                }

                if (faults >= Math.Min(MaxVolumeFaults, options.MaxAttempts))
                {
                    throw new ModelSourceException(fault.Reason, $"{fault.Message} Gave up after {faults} attempts in a row.", fault);
                }

                // Nobody else is spared by another time.
                TimeSpan delay = BackOff.Delay(faults, options.RetryDelay, options.MaxRetryDelay, random: 1);
                Task pause = Task.Delay(delay, options.TimeProvider, cancellationToken);
                reporter.Fault(new FetchFault(fault.Reason, fault.Message, faults, delay));
                await pause.ConfigureAwait(false);
            }
        }
    }

    private async Task<VerifiedModel> FetchAsync(FetchPlan plan, CacheFolder folder, ResolveRing ring, CancellationToken cancellationToken)
    {
        bool apart = false;
        RemoteModel? remote = null;
        while (true)
        {
            Directory.CreateDirectory(folder.FolderPath);
            var stored = new StoredModel(plan, folder, reporter, options);
            StoredLook look;
            using (FetchLock shared = await FetchLock.ShareAsync(folder.LockPath, options, () => reporter.Enter(FetchPhase.Waiting), cancellationToken).ConfigureAwait(false))
            {
                folder.Touch(options.TimeProvider.GetUtcNow());
                look = await LookAsync(plan, folder, stored, remote, ring, apart, cancellationToken).ConfigureAwait(false);
                if (look.Model is { } there)
                {
                    return Begin(there, folder);
                }
            }

            remote = look.Remote;
            if (look.Elsewhere is { } other)
            {
                (folder, apart) = (other, true);
                continue;
            }

            using FetchLock? held = await FetchLock.AcquireAsync(
                folder.LockPath, options, () => reporter.Enter(FetchPhase.Waiting), () => Verdict.Read(folder.VerdictPath) != look.Record, cancellationToken).ConfigureAwait(false);
            if (held is null || Verdict.Read(folder.VerdictPath) != look.Record)
            {
                // Somebody fetched meanwhile; what came of it is looked at together with everybody else.
                continue;
            }

            if (look.Wrong is { } wrong)
            {
                stored.PutAside(wrong);
            }
            else if (look.Record is not null && remote is not null && !apart && stored.IsThere(look.Record) && !ModelUse.IsFree(folder, options.HasLocks))
            {
                (folder, apart) = (folder.Apart(VersionOf(remote)), true);
                continue;
            }

            VerifiedModel model = await FetchLockedAsync(plan, folder, stored, held, remote, ring, cancellationToken).ConfigureAwait(false);
            return Begin(model, folder);
        }
    }

    private VerifiedModel Begin(VerifiedModel model, CacheFolder folder)
    {
        var use = ModelUse.Begin(folder, options.TimeProvider);
        try
        {
            _cleaning.MakeRoom(folder, 0);
            return model with { Use = use };
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    /// <summary>Uses what is stored, if it is what is asked for. Changes no file but the record.</summary>
    private async Task<StoredLook> LookAsync(
        FetchPlan plan, CacheFolder folder, StoredModel stored, RemoteModel? remote, ResolveRing ring, bool apart, CancellationToken cancellationToken)
    {
        Verdict? verdict = Verdict.Read(folder.VerdictPath);
        if (!apart && plan.Sha256 is not null && verdict is not null && verdict.Sha256 != plan.Sha256 && stored.IsThere(verdict))
        {
            // Whether it is the old file or this digest that is wrong, others may want what is here.
            return new StoredLook(null, verdict, remote, Elsewhere: folder.Apart(plan.Sha256));
        }

        WrongFiles? wrong = null;
        if (StoredModel.Suffices(plan, verdict))
        {
            (VerifiedModel? model, wrong) = await stored.TryReuseAsync(verdict, null, cancellationToken).ConfigureAwait(false);
            if (model is not null || wrong is not null)
            {
                return new StoredLook(model, verdict, remote, wrong);
            }
        }

        if (verdict is null || plan.Sha256 is not null)
        {
            return new StoredLook(null, verdict, remote);
        }

        try
        {
            remote ??= await ResolveAsync(ring, cancellationToken).ConfigureAwait(false);
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.SourceUnreachable)
        {
            // A source that is down does not stop a restart: the folder belongs to this very source and revision.
            if ((await stored.TryReuseAsync(verdict, null, cancellationToken).ConfigureAwait(false)).Model is { } kept)
            {
                return new StoredLook(kept, verdict);
            }

            throw;
        }

        if (StoredModel.IsCurrent(verdict, remote))
        {
            (VerifiedModel? model, wrong) = await stored.TryReuseAsync(verdict, remote, cancellationToken).ConfigureAwait(false);
            return new StoredLook(model, verdict, remote, wrong);
        }

        // Where it was put while the old version was in use.
        CacheFolder aside = folder.Apart(VersionOf(remote));
        return new StoredLook(null, verdict, remote, Elsewhere: !apart && Verdict.Read(aside.VerdictPath) is { } newer && StoredModel.IsCurrent(newer, remote) ? aside : null);
    }

    private async Task<VerifiedModel> FetchLockedAsync(
        FetchPlan plan, CacheFolder folder, StoredModel stored, FetchLock held, RemoteModel? known, ResolveRing ring, CancellationToken cancellationToken)
    {
        RemoteModel remote = known ?? await ResolveAsync(ring, cancellationToken).ConfigureAwait(false);
        if (plan.Sha256 is not null && remote.Sha256 is not null && plan.Sha256 != remote.Sha256)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch,
                $"{plan.Source} has the sha256 {remote.Sha256} by its source's own metadata and {plan.Sha256} is demanded; nothing was downloaded. Correct the digest, or pin the revision it belongs to.");
        }

        var ahead = new ModelAhead(token => ReadHeadAsync(plan, folder, remote, token));
        if (plan.CheckHeader is { } check && remote.License.Name is null)
        {
            await CheckHeaderAsync(ahead, check, cancellationToken).ConfigureAwait(false);
        }

        if (plan.BeforeDownload is { } before)
        {
            await before(ahead, cancellationToken).ConfigureAwait(false);
        }

        var download = new ModelDownload(exchange, options, reporter, _cleaning, plan, folder, stored, held.IsProved);
        return await download.RunAsync(remote, ring, cancellationToken).ConfigureAwait(false);
    }

    // A header that cannot be had now is checked once the file is there.
    private static async Task CheckHeaderAsync(ModelAhead ahead, Action<GgufHeader> check, CancellationToken cancellationToken)
    {
        GgufHeader header;
        try
        {
            header = (await ahead.ReadAsync(cancellationToken).ConfigureAwait(false)).Header;
        }
        catch (ModelSourceException)
        {
            return;
        }

        check(header);
    }

    private Task<RemoteModel> ResolveAsync(ResolveRing ring, CancellationToken cancellationToken)
    {
        reporter.Enter(FetchPhase.Resolving);
        return new RetryLoop(options, reporter).RunAsync(ring.ResolveAsync, () => 0, cancellationToken);
    }

    private static string VersionOf(RemoteModel remote) => remote.Sha256 ?? $"{remote.Revision} {remote.ETag}";

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
}
