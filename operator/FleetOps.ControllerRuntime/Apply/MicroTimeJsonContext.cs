using System.Text.Json.Serialization;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>The kinds whose times are MicroTime; the client's own contracts write times that API servers refuse.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(MicroTimeConverter)])]
[JsonSerializable(typeof(V1Lease))]
[JsonSerializable(typeof(Eventsv1Event))]
internal sealed partial class MicroTimeJsonContext : JsonSerializerContext;
