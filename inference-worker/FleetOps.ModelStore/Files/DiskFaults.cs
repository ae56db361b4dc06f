namespace FleetOps.ModelStore.Files;

/// <summary>Tells the ways apart in which the model directory fails.</summary>
internal static class DiskFaults
{
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>True for what the file system throws.</summary>
    public static bool IsDiskFault(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>The fault of a write as an exception for users.</summary>
    public static ModelSourceException OnWrite(Exception e, string folder) => e.HResult is NoSpace or QuotaExceeded
        ? new ModelSourceException(ModelSourceReason.DiskFull, $"The volume of {folder} ran full while the model was written; enlarge it or free space on it.", e)
        : new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"The model directory {folder} cannot be used: {e.Message} Check that it is a writable volume.", e);

    /// <summary>Refuses a download that cannot fit.</summary>
    /// <param name="folder">A folder on the volume.</param>
    /// <param name="missing">Bytes that are still to be written.</param>
    /// <exception cref="ModelSourceException">The volume has less free space (<see cref="ModelSourceReason.DiskFull"/>).</exception>
    public static void RequireSpace(string folder, long missing)
    {
        long free = new DriveInfo(folder).AvailableFreeSpace;
        if (missing > free)
        {
            throw new ModelSourceException(
                ModelSourceReason.DiskFull,
                $"The volume of {folder} has {free} bytes free and the model needs {missing} more; enlarge the volume or free space on it.");
        }
    }
}
