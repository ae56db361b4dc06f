namespace FleetOps.InferenceWorker.State;

/// <summary>Exit codes of the program, after sysexits.h.</summary>
internal static class ExitCodes
{
    /// <summary>All went well; for <c>serve</c>: drained after SIGTERM.</summary>
    public const int Success = 0;

    /// <summary>The command line or the configuration is wrong (EX_USAGE).</summary>
    public const int Usage = 64;

    /// <summary>The model's file is wrong (EX_DATAERR).</summary>
    public const int Data = 65;

    /// <summary>The model's file does not exist (EX_NOINPUT).</summary>
    public const int NoInput = 66;

    /// <summary>Something that is needed is not available (EX_UNAVAILABLE).</summary>
    public const int Unavailable = 69;

    /// <summary>A fault inside the program (EX_SOFTWARE).</summary>
    public const int Software = 70;

    /// <summary>The system cannot give what is needed (EX_OSERR).</summary>
    public const int System = 71;

    /// <summary>Access was refused (EX_NOPERM).</summary>
    public const int NoPermission = 77;

    /// <summary>Ended by Ctrl+C, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>The exit code that belongs to a reason.</summary>
    public static int Of(FailureReason reason) => reason switch
    {
        FailureReason.InvalidConfiguration => Usage,
        FailureReason.DigestMismatch or FailureReason.InvalidGguf or FailureReason.UnsupportedArchitecture => Data,
        FailureReason.SourceNotFound => NoInput,
        FailureReason.SourceUnreachable or FailureReason.CudaUnavailable => Unavailable,
        FailureReason.OutOfMemory or FailureReason.OutOfGpuMemory or FailureReason.InsufficientGpuMemory or FailureReason.LoadFailed or FailureReason.DiskFull => System,
        FailureReason.SourceUnauthorized or FailureReason.CredentialsMissing or FailureReason.PolicyViolation or FailureReason.LicenseNotAccepted => NoPermission,
        _ => Software,
    };
}
