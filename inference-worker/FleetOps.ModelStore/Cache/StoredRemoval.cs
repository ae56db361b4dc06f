using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Cache;

/// <summary>Removes what was fetched of one source, every version of it, from the model directory, unless somebody uses it. What is not there needs no removal.</summary>
internal sealed class StoredRemoval(ModelFetcherOptions options)
{
    /// <summary>How long is waited for a fetch that has been told to end.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public async Task<ModelRemoval> RunAsync(FetchPlan plan, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.ModelDirectory))
        {
            return new ModelRemoval(0, InUse: false);
        }

        var removal = new ModelRemoval(0, InUse: false);
        foreach (CacheFolder folder in CacheFolder.Of(options.ModelDirectory, plan, OriginOf(plan.Source)).Versions())
        {
            ModelRemoval one = await RemoveAsync(folder, cancellationToken).ConfigureAwait(false);
            removal = new ModelRemoval(removal.Bytes + one.Bytes, removal.InUse || one.InUse);
        }

        return removal;
    }

    private async Task<ModelRemoval> RemoveAsync(CacheFolder folder, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using FetchLock? held = await FetchLock.AcquireAsync(folder.LockPath, options, static () => { }, static () => false, limit.Token).ConfigureAwait(false);
            // Where locks do not reach everybody, nobody knows who uses it.
            if (held is not { IsProved: true } || !ModelUse.IsFree(folder, options.HasLocks))
            {
                return new ModelRemoval(0, InUse: true);
            }

            long bytes = folder.Contents().Sum(static file => file.SizeBytes);
            folder.Empty();
            return new ModelRemoval(bytes, InUse: false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ModelRemoval(0, InUse: true);
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw DiskFaults.OnWrite(e, folder.FolderPath);
        }
    }

    // As the fetches of these sources tell theirs apart.
    private string OriginOf(ModelSource source) => source switch
    {
        HubModelSource => options.HubEndpoint.AbsoluteUri,
        S3ModelSource => S3Client.Origin(options.S3),
        _ => "",
    };
}
