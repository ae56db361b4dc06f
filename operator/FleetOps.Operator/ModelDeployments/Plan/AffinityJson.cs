using System.Text.Json.Serialization;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>Affinity as people write it. A field that Kubernetes does not know is refused: dropped without a word, it would place workers wrongly.</summary>
[JsonSourceGenerationOptions(UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(V1Affinity))]
internal sealed partial class AffinityJson : JsonSerializerContext;
