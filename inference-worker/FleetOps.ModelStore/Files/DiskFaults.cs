namespace FleetOps.ModelStore.Files;

/// <summary>Tells the ways apart in which the model directory fails.</summary>
internal static class DiskFaults
{
    private const int OperationNotPermitted = 1;
    private const int AccessDenied = 13;
    private const int Exists = 17;
    private const int NotADirectory = 20;
    private const int IsADirectory = 21;
    private const int FileTooLarge = 27;
    private const int NoSpace = 28;
    private const int ReadOnly = 30;
    private const int QuotaExceeded = 122;

    /// <summary>True for what the file system throws.</summary>
    public static bool IsDiskFault(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>The fault of a write as an exception for users.</summary>
    public static ModelSourceException OnWrite(Exception e, string folder) => e switch
    {
        { HResult: NoSpace or QuotaExceeded } =>
            new ModelSourceException(ModelSourceReason.DiskFull, $"The volume of {folder} ran full while the model was written; enlarge it or free space on it.", e),
        _ when IsLasting(e) =>
            new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"The model directory {folder} cannot be used: {e.Message} Check that it is a writable volume.", e),
        _ => new VolumeFaultException($"The volume of {folder} fails: {e.Message} Check the volume and what serves it.", e),
    };

    // What somebody has to set right: no permission, a volume that is read-only, a path that is none, a file too large for its file system. All else, such as
    // an error of a device or the stale handle of a network volume, may pass.
    private static bool IsLasting(Exception e) => e is UnauthorizedAccessException or DirectoryNotFoundException or PathTooLongException
        || e.HResult is OperationNotPermitted or AccessDenied or Exists or NotADirectory or IsADirectory or FileTooLarge or ReadOnly;
}
