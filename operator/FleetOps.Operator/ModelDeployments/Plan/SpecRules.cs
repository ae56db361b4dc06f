using System.Buffers;
using System.Text.RegularExpressions;
using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// The rules of the CRD once more, for API servers before 1.25, which drop CEL rules without a word. A spec that breaks one is
/// not acted on. Names and digests are checked by hand: that is many times faster than a regular expression, and done for every plan.
/// </summary>
internal static partial class SpecRules
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    /// <summary>The first rule that the spec breaks, as a message for people; null when it breaks none.</summary>
    public static string? FirstViolation(ModelDeploymentSpec spec) =>
        SourceViolation(spec.Model)
        ?? EngineViolation(spec)
        ?? ResourcesViolation(spec.Resources)
        ?? RolloutViolation(spec)
        ?? CacheViolation(spec.Cache)
        ?? ServiceViolation(spec.Service)
        ?? (spec.Pod is { } pod ? PodViolation(pod) : null)
        ?? (spec.Placement is { } placement ? AffinityViolation(placement) : null);

    public static string? SourceViolation(ModelReference model)
    {
        var source = model.Source;
        var isHub = source.StartsWith("hf://", StringComparison.Ordinal);
        var isPlain = source.StartsWith("http://", StringComparison.Ordinal);
        var isWeb = isPlain || source.StartsWith("https://", StringComparison.Ordinal);
        var isBucket = source.StartsWith("s3://", StringComparison.Ordinal);
        var isClaim = source.StartsWith("pvc://", StringComparison.Ordinal);
        var isRegistry = source.StartsWith("oci://", StringComparison.Ordinal);
        return model switch
        {
            _ when !isHub && !isWeb && !isBucket && !isRegistry && !isClaim => SpecMessages.SourceScheme,
            _ when isHub && !HubSource().IsMatch(source) => SpecMessages.HubSource,
            _ when isWeb && !WebSource().IsMatch(source) => SpecMessages.WebSource,
            _ when isBucket && !BucketSource().IsMatch(source) => SpecMessages.BucketSource,
            _ when isRegistry && !RegistrySource().IsMatch(source) => SpecMessages.RegistrySource,
            _ when isClaim && !ClaimSource().IsMatch(source) => SpecMessages.ClaimSource,
            { Sha256: null } when isPlain => SpecMessages.PlainHttpNeedsDigest,
            { Sha256: { } digest } when !IsDigest(digest) => SpecMessages.Sha256,
            { Revision: not null } when !isHub && !isBucket => SpecMessages.RevisionNeedsHub,
            { Revision: { } other } when isHub && source.Contains('@', StringComparison.Ordinal) && !source.EndsWith("@" + other, StringComparison.Ordinal) => SpecMessages.TwoRevisions,
            { Revision: { } revision } when !Revision().IsMatch(revision) => SpecMessages.Revision,
            { Adapters.Count: > 0 } when !isClaim => SpecMessages.AdaptersNeedClaim,
            { CredentialsSecretRef: not null } when isClaim => SpecMessages.ClaimTakesNoCredentials,
            { CredentialsSecretRef: { } secret } when !IsSubdomain(secret.Name) => SpecMessages.SecretName,
            _ => null,
        };
    }

    private static string? EngineViolation(ModelDeploymentSpec spec) => spec.Engine switch
    {
        { Backend: Backend.Cuda } when spec.Resources.Gpus == 0 => SpecMessages.CudaNeedsGpu,
        { KvCacheType: not KvCacheType.F16, FlashAttention: FlashAttention.Disabled } => SpecMessages.QuantizedCacheNeedsFlashAttention,
        { Backend: Backend.Cpu, GpuLayers: > 0 } => SpecMessages.CpuHasNoGpuLayers,
        { TensorSplit: { } shares } when !Shares().IsMatch(shares) => SpecMessages.TensorSplit,
        _ => null,
    };

    private static string? ResourcesViolation(ResourcesSpec resources) =>
        resources.GpuResourceName != "nvidia.com/gpu" && !ExtendedResource().IsMatch(resources.GpuResourceName) ? SpecMessages.GpuResourceName
        : resources.Gpus == 0 && (resources.MinGpuMemory is not null || resources.GpuProducts is { Count: > 0 }) ? SpecMessages.GpuSelectionNeedsGpu
        : resources.MinGpuMemory is { } gpuMemory && !Memory().IsMatch(gpuMemory) ? SpecMessages.MinGpuMemory
        : !Cpu().IsMatch(resources.Cpu) ? SpecMessages.Cpu
        : !Memory().IsMatch(resources.Memory) ? SpecMessages.Memory
        : resources.RuntimeClassName is { } name && !IsSubdomain(name) ? SpecMessages.RuntimeClassName
        : null;

    private static string? RolloutViolation(ModelDeploymentSpec spec) =>
        !CountOrPercentage.IsValid(spec.Rollout.MaxSurge) ? SpecMessages.MaxSurge
        : !CountOrPercentage.IsValid(spec.Rollout.MaxUnavailable) ? SpecMessages.MaxUnavailable
        : CountOrPercentage.IsZero(spec.Rollout.MaxSurge) && CountOrPercentage.IsZero(spec.Rollout.MaxUnavailable) ? SpecMessages.RolloutNeedsRoom
        : spec.Disruption is { MinAvailable: { } available } && !CountOrPercentage.IsValid(available) ? SpecMessages.MinAvailable
        : null;

    private static string? CacheViolation(CacheSpec cache) => cache switch
    {
        _ when (cache.Type == CacheType.PersistentVolumeClaim) != (cache.ClaimName is not null) => SpecMessages.CacheClaimName,
        _ when (cache.Type == CacheType.HostPath) != (cache.Path is not null) => SpecMessages.CachePathNeedsHostPath,
        { Path: { } path } when !AbsolutePath().IsMatch(path) => SpecMessages.CachePath,
        { SizeLimit: not null, Type: CacheType.PersistentVolumeClaim or CacheType.HostPath } => SpecMessages.CacheSizeLimitNeedsEphemeral,
        { MaxSize: not null, Type: null or CacheType.Ephemeral } => SpecMessages.CacheMaxSizeNeedsVolume,
        { MaxSize: { } most } when !CacheSize().IsMatch(most) => SpecMessages.CacheMaxSize,
        { SizeLimit: { } limit } when !Memory().IsMatch(limit) => SpecMessages.CacheSizeLimit,
        _ => null,
    };

    private static string? ServiceViolation(ServiceSpec service) => service switch
    {
        _ when AnyOfOurs(service.Annotations) => SpecMessages.ServiceAnnotations,
        { Tls: { } tls } when !IsSubdomain(tls.SecretRef.Name) => SpecMessages.TlsSecretName,
        { TokenSecretRef: { } tokens } when !IsSubdomain(tokens.Name) => SpecMessages.TokenSecretName,
        _ => null,
    };

    // As lower-case DNS labels joined by dots.
    public static bool IsSubdomain(string name)
    {
        var previous = '.';
        foreach (var c in name)
        {
            var isValid = c switch
            {
                (>= 'a' and <= 'z') or (>= '0' and <= '9') => true,
                '-' => previous is not '.',
                '.' => previous is not ('.' or '-'),
                _ => false,
            };
            if (!isValid)
            {
                return false;
            }

            previous = c;
        }

        return previous is not ('.' or '-');
    }

    private static bool IsDigest(string text) => text.Length == 64 && !text.AsSpan().ContainsAnyExcept(LowerHex);

    [GeneratedRegex(Patterns.HubSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HubSource();

    [GeneratedRegex(Patterns.WebSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WebSource();

    [GeneratedRegex(Patterns.BucketSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex BucketSource();

    [GeneratedRegex(Patterns.RegistrySource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegistrySource();

    [GeneratedRegex(Patterns.ClaimSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ClaimSource();

    [GeneratedRegex(Patterns.Revision, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Revision();

    [GeneratedRegex(Patterns.ExtendedResource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExtendedResource();

    [GeneratedRegex(Patterns.Cpu, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Cpu();

    [GeneratedRegex(Patterns.Memory, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Memory();

    [GeneratedRegex(Patterns.Shares, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Shares();

    [GeneratedRegex(Patterns.CacheSize, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    public static partial Regex CacheSize();

    [GeneratedRegex(Patterns.AbsolutePath, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    public static partial Regex AbsolutePath();
}
