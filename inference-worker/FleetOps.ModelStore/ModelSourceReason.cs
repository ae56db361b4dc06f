namespace FleetOps.ModelStore;

/// <summary>Why a model source did not become a verified file. The list is closed: programs map it to exit codes and conditions.</summary>
public enum ModelSourceReason
{
    /// <summary>What was asked for contradicts itself or is malformed; nothing was contacted.</summary>
    InvalidConfiguration,

    /// <summary>The source answered, and it has no such repository, revision or file.</summary>
    SourceNotFound,

    /// <summary>The source refused the credentials that were given, or the account may not read the file.</summary>
    SourceUnauthorized,

    /// <summary>The source asks for credentials and none fit for it were given.</summary>
    CredentialsMissing,

    /// <summary>The source could not be reached or kept failing until the retries ran out.</summary>
    SourceUnreachable,

    /// <summary>The bytes are not the ones the digest names. The file was removed (or, read in place, is not used).</summary>
    DigestMismatch,

    /// <summary>The volume of the model directory cannot hold the file.</summary>
    DiskFull,

    /// <summary>The file is not a GGUF model that can be loaded.</summary>
    InvalidGguf,

    /// <summary>The request forbids such a file: nobody names its digest.</summary>
    PolicyViolation,

    /// <summary>The licence of the file is not the one that was accepted, or the source waits for it to be accepted there.</summary>
    LicenseNotAccepted,
}
