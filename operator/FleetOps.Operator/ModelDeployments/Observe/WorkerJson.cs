using System.Text.Json.Serialization;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The worker's documents, read without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WorkerState))]
[JsonSerializable(typeof(WorkerLastWords))]
internal sealed partial class WorkerJson : JsonSerializerContext;
