using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Keeps the model directory below a size: removes what was not used for the longest time, and never what somebody uses or fetches. Bytes that several models
/// share count once, and are gone with the last of them. Several processes may clean one directory at once.
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

        var holders = new Dictionary<ulong, int>();
        IReadOnlyList<FileIdentity> there = mine.Contents();
        long total = Math.Max(0, coming - there.Sum(static file => file.SizeBytes)) + Hold(holders, there);
        List<(CacheFolder Folder, IReadOnlyList<FileIdentity> Files)> others =
        [
            .. CacheFolder.All(modelDirectory).Where(folder => folder.FolderPath != mine.FolderPath)
                .OrderBy(static folder => folder.LastUse()).Select(static folder => (folder, folder.Contents())),
        ];
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
