using System.Text.Json.Serialization;
using k8s;

namespace FleetOps.Api;

/// <summary>The wire form of the FleetOps kinds, without reflection. The schema of the CRDs is taken from this very contract.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(KubernetesJson.KubernetesDateTimeConverter), typeof(KubernetesJson.KubernetesDateTimeOffsetConverter)])]
[JsonSerializable(typeof(ModelDeployment))]
[JsonSerializable(typeof(ModelDeploymentList))]
[JsonSerializable(typeof(ModelCache))]
[JsonSerializable(typeof(ModelCacheList))]
public sealed partial class FleetOpsJson : JsonSerializerContext;
