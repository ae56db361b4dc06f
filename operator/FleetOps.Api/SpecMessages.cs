namespace FleetOps.Api;

/// <summary>
/// What a person reads when a spec is refused: by the API server through its rules, or by the operator where the API server
/// is too old to know them.
/// </summary>
public static partial class SpecMessages
{
    /// <summary>Unknown scheme.</summary>
    public const string SourceScheme =
        "spec.model.source must begin with hf://, https://, http://, s3://, oci:// or pvc://";

    /// <summary>Malformed hub address.</summary>
    public const string HubSource =
        "spec.model.source must name owner, repository and file, as in hf://OWNER/REPOSITORY/FILE.gguf; a revision goes into spec.model.revision, or after an @";

    /// <summary>Malformed web address.</summary>
    public const string WebSource =
        "spec.model.source must be the address of a file, without user, password and fragment; put credentials into a Secret and name it in spec.model.credentialsSecretRef";

    /// <summary>Malformed address of an object.</summary>
    public const string BucketSource =
        "spec.model.source must name a bucket and an object in it, without '..' and spaces, as in s3://BUCKET/KEY.gguf";

    /// <summary>Malformed address in a registry.</summary>
    public const string RegistrySource =
        "spec.model.source must name registry and repository, and may name a tag or a digest, as in oci://docker.io/ai/MODEL:TAG or oci://REGISTRY/REPOSITORY@sha256:DIGEST";

    /// <summary>Malformed claim address.</summary>
    public const string ClaimSource =
        "spec.model.source must name a PersistentVolumeClaim and a file in it, without '..', as in pvc://CLAIM/PATH/FILE.gguf";

    /// <summary>Unprotected transport without a digest.</summary>
    public const string PlainHttpNeedsDigest =
        "spec.model.sha256 is required with a plain http:// source, because nothing else protects the file on its way: set it, or use https://";

    /// <summary>Malformed digest.</summary>
    public const string Sha256 =
        "spec.model.sha256 must be 64 lower-case hexadecimal digits; sha256sum FILE prints them";

    /// <summary>Revision of something that has none.</summary>
    public const string RevisionNeedsHub =
        "spec.model.revision applies to hf:// and s3:// sources only: remove it";

    /// <summary>Two revisions that differ.</summary>
    public const string TwoRevisions =
        "spec.model.source names a revision after its @, and spec.model.revision another one: remove one of them";

    /// <summary>Malformed revision.</summary>
    public const string Revision =
        "spec.model.revision must be a branch, a tag or a commit of the repository, such as main, or the version of an object of s3://";

    /// <summary>Credentials for something that takes none.</summary>
    public const string ClaimTakesNoCredentials =
        "spec.model.credentialsSecretRef does not apply to a pvc:// source: remove it";

    /// <summary>Malformed name of the Secret of a certificate.</summary>
    public const string TlsSecretName =
        "spec.service.tls.secretRef.name must be the name of a Secret in this namespace";

    /// <summary>Malformed name of the Secret of tokens.</summary>
    public const string TokenSecretName =
        "spec.service.tokenSecretRef.name must be the name of a Secret in this namespace";

    /// <summary>Malformed shares of GPUs.</summary>
    public const string TensorSplit =
        "spec.engine.tensorSplit must be numbers joined by commas, such as 3,1";

    /// <summary>Malformed name of a Secret.</summary>
    public const string SecretName =
        "spec.model.credentialsSecretRef.name must be the name of a Secret in this namespace";

    /// <summary>CUDA without a GPU.</summary>
    public const string CudaNeedsGpu =
        "spec.engine.backend Cuda needs a GPU: set spec.resources.gpus to 1 or more, or spec.engine.backend to Auto or Cpu";

    /// <summary>Quantised cache without the kernel that reads it.</summary>
    public const string QuantizedCacheNeedsFlashAttention =
        "spec.engine.kvCacheType other than F16 needs flash attention: set spec.engine.flashAttention to Auto or Enabled, or spec.engine.kvCacheType to F16";

    /// <summary>GPU layers on the CPU.</summary>
    public const string CpuHasNoGpuLayers =
        "spec.engine.gpuLayers must be -1 or 0 when spec.engine.backend is Cpu";

    /// <summary>Malformed resource name.</summary>
    public const string GpuResourceName =
        "spec.resources.gpuResourceName must be a domain, a slash and a name, as in nvidia.com/gpu or nvidia.com/mig-1g.10gb";

    /// <summary>Malformed number of cores.</summary>
    public const string Cpu =
        "spec.resources.cpu must be a number of cores above 0, such as 4, 0.5 or 1500m";

    /// <summary>Malformed number of bytes.</summary>
    public const string Memory =
        "spec.resources.memory must be a number of bytes above 0, such as 16Gi or 500M";

    /// <summary>Malformed name of a RuntimeClass.</summary>
    public const string RuntimeClassName =
        "spec.resources.runtimeClassName must be the name of a RuntimeClass of the cluster";
}
