namespace FleetOps.Api;

/// <summary>The regular expressions of the schema, in the common part of RE2 and .NET.</summary>
public static class Patterns
{
    /// <summary>A name of most Kubernetes objects: lower-case DNS labels joined by dots.</summary>
    public const string Subdomain = @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    /// <summary>A SHA-256 digest in lower-case hexadecimal.</summary>
    public const string Sha256 = "^[0-9a-f]{64}$";

    /// <summary>A branch, tag or commit of a repository on the hub, or the version of an object of S3.</summary>
    public const string Revision = "^" + RevisionText + "$";

    /// <summary>An extended resource such as <c>nvidia.com/gpu</c>: a domain, a slash, a name.</summary>
    public const string ExtendedResource =
        @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";

    /// <summary>CPU cores above zero, to the thousandth: <c>4</c>, <c>0.5</c>, <c>1500m</c>.</summary>
    public const string Cpu = @"^([1-9][0-9]{0,3}(\.[0-9]{1,3})?|0\.([1-9][0-9]{0,2}|0[1-9][0-9]?|00[1-9])|[1-9][0-9]{0,6}m)$";

    /// <summary>Bytes above zero, with or without a unit: <c>16Gi</c>, <c>1.5Gi</c>, <c>500M</c>.</summary>
    public const string Memory = @"^([1-9][0-9]{0,14}|[1-9][0-9]{0,9}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T))$";

    /// <summary>Whole bytes above zero, with or without a binary unit: <c>200Gi</c>.</summary>
    public const string CacheSize = "^([1-9][0-9]{0,14}|[1-9][0-9]{0,5}(Ki|Mi|Gi|Ti))$";

    /// <summary>A number of workers, or a percentage of them: <c>1</c>, <c>25%</c>.</summary>
    public const string CountOrPercentage = "^(0|[1-9][0-9]{0,3}|(0|[1-9][0-9]?|100)%)$";

    /// <summary>Shares of something, joined by commas: <c>3,1</c>, <c>0.5,0.5</c>.</summary>
    public const string Shares = @"^[0-9]{1,4}(\.[0-9]{1,3})?(,[0-9]{1,4}(\.[0-9]{1,3})?)*$";

    /// <summary>An absolute path that does not climb.</summary>
    public const string AbsolutePath = "^(/" + Segment + ")+$";

    /// <summary>A path below a folder that does not climb out of it.</summary>
    public const string RelativePath = "^" + Segment + "(/" + Segment + ")*$";

    /// <summary>The name of a LoRA adapter.</summary>
    public const string AdapterName = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";

    /// <summary>The value of a label; may be empty.</summary>
    public const string LabelValue = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

    /// <summary>The name of an environment variable.</summary>
    public const string EnvName = "^[-._A-Za-z][-._A-Za-z0-9]*$";

    /// <summary>A key of a Secret or a ConfigMap.</summary>
    public const string DataKey = "^[-._A-Za-z0-9]+$";

    /// <summary>A container image; its form is the container runtime's business.</summary>
    public const string Image = @"^\S+$";

    /// <summary>A repository on the hub and a file in it, and perhaps the revision.</summary>
    public const string HubSource = "^hf://" + HubName + "/" + HubName + "(/" + HubSegment + ")+(@" + RevisionText + ")?$";

    /// <summary>An address of a file, without user and password.</summary>
    public const string WebSource = @"^https?://[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?/[^\s#?\\]*[^\s#?\\/](\?[^\s#\\]*)?$";

    /// <summary>A bucket of S3 and the key of an object in it.</summary>
    public const string BucketSource = @"^s3://[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(/" + Segment + ")+$";

    /// <summary>A repository of a registry, with the tag or the digest of a manifest.</summary>
    public const string RegistrySource =
        "^oci://(" + RegistryHost + @"(\." + RegistryHost + ")+(:[0-9]{1,5})?|" + RegistryHost + ":[0-9]{1,5}|localhost)(/" + RepositoryStep + ")+"
        + "(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$";

    /// <summary>A PersistentVolumeClaim and a path in it.</summary>
    public const string ClaimSource = @"^pvc://[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*(/" + Segment + ")+$";

    /// <summary>Any source that this version can fetch.</summary>
    public const string Source = HubSource + "|" + WebSource + "|" + BucketSource + "|" + RegistrySource + "|" + ClaimSource;

    // Not "-" in front, which would be an option of the worker.
    private const string RevisionText = "[A-Za-z0-9._+][A-Za-z0-9._+/-]*";
    private const string RegistryHost = "[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?";
    private const string RepositoryStep = @"[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*";
    private const string HubName = "[A-Za-z0-9_]([-A-Za-z0-9._]*[A-Za-z0-9_])?";

    // One step of a path, neither "." nor "..", so that a path cannot leave its root.
    private const string Segment = @"([^/.\s\\][^/\s\\]*|\.[^/.\s\\][^/\s\\]*|\.\.[^/\s\\]+)";
    private const string HubSegment = @"([^/.\s\\?#%*@][^/\s\\?#%*@]*|\.[^/.\s\\?#%*@][^/\s\\?#%*@]*|\.\.[^/\s\\?#%*@]+)";
}
