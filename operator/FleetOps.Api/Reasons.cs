namespace FleetOps.Api;

/// <summary>
/// Every reason that a condition, a worker or an event of a ModelDeployment or a ModelCache can carry. The list is closed: people and alerts may rely on it.
/// </summary>
public static partial class Reasons
{
    // All is well, or on its way.

    /// <summary>The spec is valid and its children exist.</summary>
    public const string Accepted = nameof(Accepted);

    /// <summary>All wanted workers serve.</summary>
    public const string AllWorkersReady = nameof(AllWorkersReady);

    /// <summary>Some workers serve.</summary>
    public const string WorkersServing = nameof(WorkersServing);

    /// <summary>No worker is wanted.</summary>
    public const string ScaledToZero = nameof(ScaledToZero);

    /// <summary>The weights have been verified.</summary>
    public const string WeightsVerified = nameof(WeightsVerified);

    /// <summary>The weights are there and their digest has been computed; nothing names the one that they should have.</summary>
    public const string DigestNotCompared = nameof(DigestNotCompared);

    /// <summary>Nothing is left to do.</summary>
    public const string UpToDate = nameof(UpToDate);

    /// <summary>Nothing holds the work up.</summary>
    public const string NothingStalled = nameof(NothingStalled);

    /// <summary>Pods are being created, scheduled or started.</summary>
    public const string WorkersStarting = nameof(WorkersStarting);

    /// <summary>Workers fetch the weights.</summary>
    public const string FetchingWeights = nameof(FetchingWeights);

    /// <summary>Workers verify the weights.</summary>
    public const string VerifyingWeights = nameof(VerifyingWeights);

    /// <summary>Workers load the weights.</summary>
    public const string LoadingModel = nameof(LoadingModel);

    /// <summary>Workers of an earlier spec are being replaced.</summary>
    public const string RollingOut = nameof(RollingOut);

    /// <summary>Workers that are no longer wanted are ending.</summary>
    public const string ScalingDown = nameof(ScalingDown);

    /// <summary>The resource is being deleted.</summary>
    public const string Deleting = nameof(Deleting);

    /// <summary>Children of an earlier resource of the same name are being removed.</summary>
    public const string WaitingForRemoval = nameof(WaitingForRemoval);

    /// <summary>No worker has told its state yet.</summary>
    public const string NoWorkerYet = nameof(NoWorkerYet);

    /// <summary>A ModelCache: the weights are where they should be and have been verified.</summary>
    public const string WeightsCached = nameof(WeightsCached);

    /// <summary>A ModelCache: the pods that fetch are being created, scheduled or started.</summary>
    public const string FetchStarting = nameof(FetchStarting);

    /// <summary>A ModelCache: no node has the labels that it selects.</summary>
    public const string NoMatchingNode = nameof(NoMatchingNode);

    /// <summary>Event: the files of a deleted ModelCache have been removed.</summary>
    public const string FilesRemoved = nameof(FilesRemoved);

    /// <summary>Event: files of a deleted ModelCache are kept because something uses them.</summary>
    public const string FilesKept = nameof(FilesKept);

    /// <summary>Event: files of a deleted ModelCache could not be removed, and stay.</summary>
    public const string FilesLeft = nameof(FilesLeft);

    /// <summary>Event: a child that was changed or deleted by someone else has been put back.</summary>
    public const string ChildRestored = nameof(ChildRestored);

    /// <summary>All reasons.</summary>
    public static IReadOnlySet<string> All { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        Accepted, AllWorkersReady, WorkersServing, ScaledToZero, WeightsVerified, DigestNotCompared, UpToDate, NothingStalled,
        WorkersStarting, FetchingWeights, VerifyingWeights, LoadingModel, RollingOut, ScalingDown, Deleting, WaitingForRemoval, NoWorkerYet, ChildRestored,
        WeightsCached, FetchStarting, NoMatchingNode, FilesRemoved, FilesKept, FilesLeft,
        InvalidSpec, LicenseNotAccepted, PolicyViolation, NameTaken, ChildRefused, ApiUnavailable, QuotaExceeded, PodRefused, RuntimeClassNotFound, GpuNotOffered, GpuUnavailable, ClaimNotFound, Unschedulable,
        ImagePullFailed, ContainerConfigInvalid, SecretNotFound, CredentialsMissing,
        SourceUnauthorized, SourceNotFound, SourceUnreachable, DigestMismatch, DiskFull, InvalidGguf, UnsupportedArchitecture,
        CudaUnavailable, OutOfMemory, OutOfGpuMemory, InsufficientGpuMemory, LoadFailed, EngineFailed, InvalidConfiguration,
        CrashLoop, PodEvicted, ProbeFailing, ProgressDeadlineExceeded, RolloutBlocked,
    };
}
