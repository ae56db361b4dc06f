using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Cache;

/// <summary>Removes what was fetched of one source from the model directory, unless somebody uses it. What is not there needs no removal.</summary>
internal sealed class StoredRemoval(ModelFetcherOptions options)
{
    /// <summary>How long is waited for a fetch that has been told to end.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    public async Task<ModelRemoval> RunAsync(FetchPlan plan, CancellationToken cancellationToken)
    {
        CacheFolder folder = CacheFolder.Of(options.ModelDirectory, plan, OriginOf(plan.Source));
        if (!Directory.Exists(folder.FolderPath))
        {
            return new ModelRemoval(0, InUse: false);
        }

        using var patience = new CancellationTokenSource(Patience, options.TimeProvider);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using FetchLock held = await FetchLock.AcquireAsync(folder.LockPath, options.TimeProvider, static () => { }, limit.Token).ConfigureAwait(false);
            if (!ModelUse.IsFree(folder))
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
