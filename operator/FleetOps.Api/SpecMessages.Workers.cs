namespace FleetOps.Api;

public static partial class SpecMessages
{
    /// <summary>No way to replace a worker.</summary>
    public const string RolloutNeedsRoom =
        "spec.rollout.maxSurge and spec.rollout.maxUnavailable must not both be 0, because no worker could be replaced then: set either to 1";

    /// <summary>Malformed number of workers.</summary>
    public const string MaxSurge =
        "spec.rollout.maxSurge must be a number of workers or a percentage of them, such as 1 or 25%";

    /// <summary>Malformed number of workers.</summary>
    public const string MaxUnavailable =
        "spec.rollout.maxUnavailable must be a number of workers or a percentage of them, such as 1 or 25%";

    /// <summary>Malformed number of workers.</summary>
    public const string MinAvailable =
        "spec.disruption.minAvailable must be a number of workers or a percentage of them, such as 1 or 50%";

    /// <summary>Adapters of a model that is in no claim.</summary>
    public const string AdaptersNeedClaim =
        "spec.model.adapters are files in the claim of a pvc:// source: put the model and its adapters into one claim, or remove them";

    /// <summary>A claim without its type, or the other way round.</summary>
    public const string CacheClaimName =
        "spec.cache.claimName names the claim of a cache of type PersistentVolumeClaim: set it for this type, and for no other";

    /// <summary>A path without its type, or the other way round.</summary>
    public const string CachePathNeedsHostPath =
        "spec.cache.path is the directory of a cache of type HostPath: set it for this type, and for no other";

    /// <summary>Malformed path.</summary>
    public const string CachePath =
        "spec.cache.path must be an absolute path without '.', '..' and empty steps, such as /var/lib/models";

    /// <summary>A size limit where none can be enforced.</summary>
    public const string CacheSizeLimitNeedsEphemeral =
        "spec.cache.sizeLimit applies to a cache of type Ephemeral only: remove it";

    /// <summary>Malformed number of bytes.</summary>
    public const string CacheSizeLimit =
        "spec.cache.sizeLimit must be a number of bytes above 0, such as 20Gi";

    /// <summary>A choice among GPUs without a GPU.</summary>
    public const string GpuSelectionNeedsGpu =
        "spec.resources.gpuProducts and spec.resources.minGpuMemory choose among GPUs: set spec.resources.gpus to 1 or more, or remove them";

    /// <summary>Malformed number of bytes.</summary>
    public const string MinGpuMemory =
        "spec.resources.minGpuMemory must be a number of bytes above 0, such as 22Gi";

    /// <summary>Annotations that are FleetOps' own.</summary>
    public const string ServiceAnnotations =
        "spec.service.annotations must not begin with fleetops.dev/, which FleetOps sets itself: remove those";

    /// <summary>Labels that are FleetOps' own.</summary>
    public const string PodLabels =
        "spec.pod.labels must not begin with fleetops.dev/ nor be app.kubernetes.io/name, instance, component, part-of, managed-by or pod-template-hash, "
        + "which are set for you: remove those";

    /// <summary>Annotations that are FleetOps' own.</summary>
    public const string PodAnnotations =
        "spec.pod.annotations must not begin with fleetops.dev/, which FleetOps sets itself: remove those";

    /// <summary>Variables that are FleetOps' own.</summary>
    public const string EnvName =
        "spec.pod.env[].name must not begin with FLEETOPS_, from which workers take options: set the field of spec instead";

    /// <summary>A value given twice.</summary>
    public const string EnvValueOrSource =
        "spec.pod.env[] takes its value from either value or valueFrom: remove one";

    /// <summary>No source of a value, or two.</summary>
    public const string EnvOneSource =
        "spec.pod.env[].valueFrom must have either secretKeyRef or configMapKeyRef";

    /// <summary>Affinity that is none; what is wrong follows.</summary>
    public const string Affinity =
        "spec.placement.affinity must have the form of a pod's affinity (kubectl explain pod.spec.affinity)";
}
