using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Cache;

/// <summary>The room that a model has on its volume, and what can be removed to make more of it.</summary>
/// <param name="folder">The folder of the model. Its lock is held.</param>
/// <param name="cleaning">Removes models that nobody uses.</param>
/// <param name="options">Where the models are, and how much their volume holds.</param>
/// <param name="mayRemove">Whether what was put aside in the folder may be removed, and what is to be replaced: nobody has it open.</param>
internal sealed class ModelRoom(CacheFolder folder, CacheCleaning cleaning, ModelFetcherOptions options, bool mayRemove)
{
    // The folders and records beside the models.
    private const long Overhead = 1 << 20;

    /// <summary>Makes room, and refuses what cannot fit all the same.</summary>
    /// <param name="missing">Bytes that are still to be written.</param>
    /// <exception cref="ModelSourceException">The volume has less free space (<see cref="ModelSourceReason.DiskFull"/>).</exception>
    public void Require(long missing)
    {
        if (missing <= 0)
        {
            return;
        }

        cleaning.MakeRoom(folder, missing);
        long free;
        while ((free = FreeBytes()) < missing)
        {
            if (!TryFree())
            {
                throw new ModelSourceException(
                    ModelSourceReason.DiskFull,
                    $"The volume of {folder.FolderPath} has {free} bytes free and the model needs {missing} more; enlarge the volume or free space on it.");
            }
        }
    }

    /// <summary>Removes something that nobody uses; false when there is nothing.</summary>
    public bool TryFree() => (mayRemove && folder.TryFreeAside()) || cleaning.TryRemoveOldest(folder) || (mayRemove && folder.TryFreeStale());

    private long FreeBytes()
    {
        long free = new DriveInfo(folder.FolderPath).AvailableFreeSpace;
        return options.CapacityBytes is { } capacity ? Math.Max(0, Math.Min(free, capacity - Overhead - UsedBytes())) : free;
    }

    // What is counted against a limit is what is allocated: a file may have holes.
    private long UsedBytes() => Directory.EnumerateFiles(options.ModelDirectory, "*", SearchOption.AllDirectories)
        .Select(NativeFiles.Allocated)
        .DistinctBy(static file => file.Inode)
        .Sum(static file => file.Bytes);
}
