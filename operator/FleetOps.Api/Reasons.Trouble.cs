namespace FleetOps.Api;

public static partial class Reasons
{
    // What the operator or the API server finds.

    /// <summary>The spec breaks a rule that the API server does not check.</summary>
    public const string InvalidSpec = nameof(InvalidSpec);

    /// <summary>The licence of the weights has not been accepted.</summary>
    public const string LicenseNotAccepted = nameof(LicenseNotAccepted);

    /// <summary>The installation does not allow what the spec asks for.</summary>
    public const string PolicyViolation = nameof(PolicyViolation);

    /// <summary>An object that a child would have to replace belongs to someone else.</summary>
    public const string NameTaken = nameof(NameTaken);

    /// <summary>The API server refused a child.</summary>
    public const string ChildRefused = nameof(ChildRefused);

    /// <summary>The Secret with the credentials does not exist.</summary>
    public const string SecretNotFound = nameof(SecretNotFound);

    /// <summary>Event: the cluster does not serve an API that a child needs; the model is served without that child.</summary>
    public const string ApiUnavailable = nameof(ApiUnavailable);

    // What keeps a pod from running.

    /// <summary>A quota of the namespace refused the pod.</summary>
    public const string QuotaExceeded = nameof(QuotaExceeded);

    /// <summary>An admission rule of the cluster refused the pod.</summary>
    public const string PodRefused = nameof(PodRefused);

    /// <summary>The RuntimeClass does not exist.</summary>
    public const string RuntimeClassNotFound = nameof(RuntimeClassNotFound);

    /// <summary>No node of the cluster offers such GPUs, in use or not.</summary>
    public const string GpuNotOffered = nameof(GpuNotOffered);

    /// <summary>No node has as many free GPUs of that name as are asked for.</summary>
    public const string GpuUnavailable = nameof(GpuUnavailable);

    /// <summary>The PersistentVolumeClaim does not exist or is not bound.</summary>
    public const string ClaimNotFound = nameof(ClaimNotFound);

    /// <summary>No node can take the pod, for another reason.</summary>
    public const string Unschedulable = nameof(Unschedulable);

    /// <summary>The worker's image cannot be pulled.</summary>
    public const string ImagePullFailed = nameof(ImagePullFailed);

    /// <summary>The kubelet cannot make the container as described.</summary>
    public const string ContainerConfigInvalid = nameof(ContainerConfigInvalid);

    /// <summary>The kubelet evicted the pod, or its node went.</summary>
    public const string PodEvicted = nameof(PodEvicted);

    // What a worker tells about itself.

    /// <summary>The Secret lacks a key that the source needs.</summary>
    public const string CredentialsMissing = nameof(CredentialsMissing);

    /// <summary>The source refused the credentials, or asks for some.</summary>
    public const string SourceUnauthorized = nameof(SourceUnauthorized);

    /// <summary>The source has no such file.</summary>
    public const string SourceNotFound = nameof(SourceNotFound);

    /// <summary>The source cannot be reached.</summary>
    public const string SourceUnreachable = nameof(SourceUnreachable);

    /// <summary>The file is not the one that sha256 names.</summary>
    public const string DigestMismatch = nameof(DigestMismatch);

    /// <summary>The node's disk cannot hold the file.</summary>
    public const string DiskFull = nameof(DiskFull);

    /// <summary>The file is no readable GGUF.</summary>
    public const string InvalidGguf = nameof(InvalidGguf);

    /// <summary>The engine does not know the model's architecture.</summary>
    public const string UnsupportedArchitecture = nameof(UnsupportedArchitecture);

    /// <summary>CUDA was asked for and no usable device is there.</summary>
    public const string CudaUnavailable = nameof(CudaUnavailable);

    /// <summary>The memory limit of the worker is too low.</summary>
    public const string OutOfMemory = nameof(OutOfMemory);

    /// <summary>The memory of the GPU is too small.</summary>
    public const string OutOfGpuMemory = nameof(OutOfGpuMemory);

    /// <summary>The model needs more GPU memory than a worker has or than any node offers; known before it is downloaded.</summary>
    public const string InsufficientGpuMemory = nameof(InsufficientGpuMemory);

    /// <summary>The engine could not load the model.</summary>
    public const string LoadFailed = nameof(LoadFailed);

    /// <summary>The engine failed while serving.</summary>
    public const string EngineFailed = nameof(EngineFailed);

    /// <summary>The worker refused its configuration.</summary>
    public const string InvalidConfiguration = nameof(InvalidConfiguration);

    // What is seen from outside and has no better name.

    /// <summary>The worker ends again and again.</summary>
    public const string CrashLoop = nameof(CrashLoop);

    /// <summary>The worker runs and does not answer its probes.</summary>
    public const string ProbeFailing = nameof(ProbeFailing);

    /// <summary>The workers were not ready in time.</summary>
    public const string ProgressDeadlineExceeded = nameof(ProgressDeadlineExceeded);

    /// <summary>The worker that should replace an earlier one finds no place beside it, and no worker may be missing meanwhile.</summary>
    public const string RolloutBlocked = nameof(RolloutBlocked);
}
