namespace FleetOps.Api;

public static partial class SpecMessages
{
    /// <summary>Something to fetch that is there.</summary>
    public const string CachedSource =
        "spec.model.source is a file on a claim already, which needs no ModelCache: name it in the ModelDeployment, or give an hf://, https://, s3:// or oci:// source";

    /// <summary>No target, or two.</summary>
    public const string OneTarget =
        "spec.target must name either a claim (claimName) or nodes (nodes): set one of them, and one only";

    /// <summary>Malformed path.</summary>
    public const string TargetPath =
        "spec.target.nodes.path must be an absolute path without '.', '..' and empty steps, such as /var/lib/models";

    /// <summary>Malformed name of a claim.</summary>
    public const string TargetClaim =
        "spec.target.claimName must be the name of a PersistentVolumeClaim in this namespace";

    /// <summary>A bound for what ends with the pod.</summary>
    public const string CacheMaxSizeNeedsVolume =
        "spec.cache.maxSize is for the types PersistentVolumeClaim and HostPath: set sizeLimit for an Ephemeral cache";

    /// <summary>Malformed number of bytes.</summary>
    public const string CacheMaxSize =
        "spec.cache.maxSize must be a whole number of bytes above 0, such as 200Gi";

    /// <summary>Malformed number of bytes.</summary>
    public const string CachedMaxSize =
        "spec.maxSize must be a whole number of bytes above 0, such as 200Gi";
}
