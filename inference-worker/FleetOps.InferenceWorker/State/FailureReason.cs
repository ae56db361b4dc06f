namespace FleetOps.InferenceWorker.State;

/// <summary>Why a worker failed. The names are part of the contract with the operator; each maps to an exit code.</summary>
internal enum FailureReason
{
    /// <summary>An option is wrong, or options do not fit together or to the model.</summary>
    InvalidConfiguration,

    /// <summary>The file is not the one that was asked for.</summary>
    DigestMismatch,

    /// <summary>The file is no GGUF, or a damaged one.</summary>
    InvalidGguf,

    /// <summary>The file is sound but llama.cpp does not know its architecture.</summary>
    UnsupportedArchitecture,

    /// <summary>The source has no such file.</summary>
    SourceNotFound,

    /// <summary>The source did not answer, also not when tried again.</summary>
    SourceUnreachable,

    /// <summary>CUDA was asked for and cannot be had.</summary>
    CudaUnavailable,

    /// <summary>The weights or the KV cache do not fit into memory.</summary>
    OutOfMemory,

    /// <summary>The weights or the KV cache do not fit into the memory of the GPU.</summary>
    OutOfGpuMemory,

    /// <summary>The model needs more GPU memory than there is; known before it was downloaded.</summary>
    InsufficientGpuMemory,

    /// <summary>llama.cpp refused the model or the context.</summary>
    LoadFailed,

    /// <summary>There is no room for the model's file.</summary>
    DiskFull,

    /// <summary>The source refused the credentials.</summary>
    SourceUnauthorized,

    /// <summary>The source asks for credentials and there are none.</summary>
    CredentialsMissing,

    /// <summary>The policy of the installation forbids such a file.</summary>
    PolicyViolation,

    /// <summary>The licence of the file has not been accepted.</summary>
    LicenseNotAccepted,

    /// <summary>A fault inside the engine, or anything unexpected.</summary>
    EngineFailed,
}
