using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Keeps the model directory below a size: removes what was not used for the longest time, and never what somebody uses or fetches. Several processes may
/// clean one directory at once.
/// </summary>
internal sealed class CacheCleaning(string modelDirectory, long? maxBytes)
{
    /// <summary>Removes models until what is left and what is to come fit, or until the rest is in use.</summary>
    /// <param name="mine">The folder of the model that is to come; it is kept.</param>
    /// <param name="coming">Size of that model in bytes; 0 when it is not known, or there already.</param>
    public void MakeRoom(CacheFolder mine, long coming)
    {
        if (maxBytes is not { } most)
        {
            return;
        }

        List<(CacheFolder Folder, long Bytes, DateTime Used)> others =
            [.. CacheFolder.All(modelDirectory).Where(folder => folder.FolderPath != mine.FolderPath).Select(static folder => (folder, folder.SizeBytes(), folder.LastUse()))];
        long total = Math.Max(mine.SizeBytes(), coming) + others.Sum(static other => other.Bytes);
        foreach ((CacheFolder folder, long bytes, _) in others.OrderBy(static other => other.Used))
        {
            if (total <= most)
            {
                return;
            }

            total -= bytes > 0 && TryEmpty(folder) ? bytes : 0;
        }
    }

    private static bool TryEmpty(CacheFolder folder)
    {
        try
        {
            using FetchLock? held = FetchLock.TryAcquire(folder.LockPath);
            if (held is null || !ModelUse.IsFree(folder))
            {
                return false;
            }

            folder.Empty();
            return true;
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            // What cannot be removed is no reason not to fetch: there may be room enough.
            return false;
        }
    }
}
