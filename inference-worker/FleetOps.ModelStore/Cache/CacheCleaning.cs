using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Keeps the model directory below a size: removes what was not used for the longest time, and never what somebody uses or fetches. Bytes that several models
/// share count once, and are gone with the last of them. Several processes may clean one directory at once.
/// </summary>
internal sealed class CacheCleaning(ModelFetcherOptions options)
{
    /// <summary>Removes models until what is left and what is to come fit, or until the rest is in use.</summary>
    /// <param name="mine">The folder of the model that is to come; it is kept.</param>
    /// <param name="missing">What is still missing of that model in bytes; 0 when it is not known.</param>
    public void MakeRoom(CacheFolder mine, long missing)
    {
        if (options.MaxCacheBytes is not { } most)
        {
            return;
        }

        var holders = new Dictionary<ulong, int>();
        long total = missing + Hold(holders, mine.Contents());
        List<(CacheFolder Folder, IReadOnlyList<FileIdentity> Files)> others = [.. Others(mine).Select(static folder => (folder, folder.Contents()))];
        total += others.Sum(other => Hold(holders, other.Files));
        foreach ((CacheFolder folder, IReadOnlyList<FileIdentity> files) in others)
        {
            if (total <= most)
            {
                return;
            }

            total -= files.Any(static file => file.SizeBytes > 0) && TryEmpty(folder) ? Release(holders, files) : 0;
        }
    }

    /// <summary>Removes the model that was not used for the longest time, where a bound says that models may be removed; false when there is none.</summary>
    /// <param name="mine">The folder of the model that is to come; it is kept.</param>
    public bool TryRemoveOldest(CacheFolder mine) =>
        options.MaxCacheBytes is not null && Others(mine).Any(folder => folder.Contents().Any(static file => file.SizeBytes > 0) && TryEmpty(folder));

    // The longest unused first.
    private IEnumerable<CacheFolder> Others(CacheFolder mine) =>
        CacheFolder.All(options.ModelDirectory).Where(folder => folder.FolderPath != mine.FolderPath).OrderBy(static folder => folder.LastUse());

    private static long Hold(Dictionary<ulong, int> holders, IReadOnlyList<FileIdentity> files)
    {
        long added = 0;
        foreach (FileIdentity file in files)
        {
            int held = holders.GetValueOrDefault(file.Inode);
            holders[file.Inode] = held + 1;
            added += held == 0 ? file.SizeBytes : 0;
        }

        return added;
    }

    private static long Release(Dictionary<ulong, int> holders, IReadOnlyList<FileIdentity> files) =>
        files.Sum(file => --holders[file.Inode] == 0 ? file.SizeBytes : 0);

    private bool TryEmpty(CacheFolder folder)
    {
        try
        {
            using FetchLock? held = FetchLock.TryAcquire(folder.LockPath, options.HasLocks);
            if (held is not { IsProved: true } || !ModelUse.IsFree(folder, options.HasLocks))
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
