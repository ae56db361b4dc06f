using System.Text.RegularExpressions;
using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// The rules of the CRD once more, for API servers before 1.25, which drop CEL rules without a word. A spec that breaks one is
/// not acted on.
/// </summary>
internal static partial class SpecRules
{
    /// <summary>The first rule that the spec breaks, as a message for people; null when it breaks none.</summary>
    public static string? FirstViolation(ModelDeploymentSpec spec) =>
        SourceViolation(spec.Model) ?? EngineViolation(spec) ?? ResourcesViolation(spec.Resources);

    private static string? SourceViolation(ModelReference model)
    {
        var source = model.Source;
        bool Is(string scheme) => source.StartsWith(scheme, StringComparison.Ordinal);
        return (Is("hf://"), Is("http://") || Is("https://"), Is("pvc://")) switch
        {
            (false, false, false) => SpecMessages.SourceScheme,
            (true, _, _) when !HubSource().IsMatch(source) => SpecMessages.HubSource,
            (_, true, _) when !WebSource().IsMatch(source) => SpecMessages.WebSource,
            (_, _, true) when !ClaimSource().IsMatch(source) => SpecMessages.ClaimSource,
            _ when Is("http://") && model.Sha256 is null => SpecMessages.PlainHttpNeedsDigest,
            _ when model.Sha256 is { } digest && !Sha256().IsMatch(digest) => SpecMessages.Sha256,
            (false, _, _) when model.Revision is not null => SpecMessages.RevisionNeedsHub,
            _ when model.Revision is { } revision && !Revision().IsMatch(revision) => SpecMessages.Revision,
            (_, _, true) when model.CredentialsSecretRef is not null => SpecMessages.ClaimTakesNoCredentials,
            _ when model.CredentialsSecretRef is { } secret && !Subdomain().IsMatch(secret.Name) => SpecMessages.SecretName,
            _ => null,
        };
    }

    private static string? EngineViolation(ModelDeploymentSpec spec) => spec.Engine switch
    {
        { Backend: Backend.Cuda } when spec.Resources.Gpus == 0 => SpecMessages.CudaNeedsGpu,
        { KvCacheType: not KvCacheType.F16, FlashAttention: FlashAttention.Disabled } => SpecMessages.QuantizedCacheNeedsFlashAttention,
        { Backend: Backend.Cpu, GpuLayers: > 0 } => SpecMessages.CpuHasNoGpuLayers,
        _ => null,
    };

    private static string? ResourcesViolation(ResourcesSpec resources) =>
        !ExtendedResource().IsMatch(resources.GpuResourceName) ? SpecMessages.GpuResourceName
        : !Cpu().IsMatch(resources.Cpu) ? SpecMessages.Cpu
        : !Memory().IsMatch(resources.Memory) ? SpecMessages.Memory
        : resources.RuntimeClassName is { } name && !Subdomain().IsMatch(name) ? SpecMessages.RuntimeClassName
        : null;

    [GeneratedRegex(Patterns.HubSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HubSource();

    [GeneratedRegex(Patterns.WebSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WebSource();

    [GeneratedRegex(Patterns.ClaimSource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ClaimSource();

    [GeneratedRegex(Patterns.Sha256, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sha256();

    [GeneratedRegex(Patterns.Revision, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Revision();

    [GeneratedRegex(Patterns.Subdomain, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Subdomain();

    [GeneratedRegex(Patterns.ExtendedResource, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExtendedResource();

    [GeneratedRegex(Patterns.Cpu, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Cpu();

    [GeneratedRegex(Patterns.Memory, RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Memory();
}
