using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What the pods of the workers have besides what FleetOps gives them.</summary>
public sealed record WorkerPodSpec
{
    /// <summary>More labels. Those that FleetOps sets itself are refused.</summary>
    [MapBounds(64, 63, ValuePattern = Patterns.LabelValue)]
    [CelRule(
        "self.all(key, !key.startsWith('fleetops.dev/') && !(key in ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component', 'app.kubernetes.io/part-of', 'app.kubernetes.io/managed-by', 'pod-template-hash']))",
        SpecMessages.PodLabels)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>More annotations, such as those that a service mesh reads.</summary>
    [MapBounds(64, 4096)]
    [CelRule("self.all(key, !key.startsWith('fleetops.dev/'))", SpecMessages.PodAnnotations)]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Environment variables, such as HTTPS_PROXY, HF_ENDPOINT or AWS_REGION. Names that begin with FLEETOPS_ are refused.</summary>
    [ListMap("name", MaxItems = 64)]
    public IReadOnlyList<EnvVariable>? Env { get; init; }

    /// <summary>Image of the workers, instead of the one that the operator was installed with. It must hold a FleetOps worker.</summary>
    [StringLength(512, MinimumLength = 1)]
    [RegularExpression(Patterns.Image)]
    public string? Image { get; init; }

    /// <summary>Secrets of the namespace that open the registry of the image.</summary>
    [ListMap("name", MaxItems = 16)]
    public IReadOnlyList<SecretReference>? ImagePullSecrets { get; init; }

    /// <summary>
    /// A ServiceAccount of yours for the workers, for example one that a cloud grants access to. When left out FleetOps makes one. Its token is
    /// not mounted in either case.
    /// </summary>
    [StringLength(253, MinimumLength = 1)]
    [RegularExpression(Patterns.Subdomain)]
    public string? ServiceAccountName { get; init; }
}
