using System.Text.Json.Serialization;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The documents of workers and what is read of children, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WorkerState))]
[JsonSerializable(typeof(WorkerLastWords))]
[JsonSerializable(typeof(DeploymentStatus))]
internal sealed partial class WorkerJson : JsonSerializerContext;
