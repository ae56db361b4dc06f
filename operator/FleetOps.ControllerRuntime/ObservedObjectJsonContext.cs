using System.Text.Json.Serialization;

namespace FleetOps.ControllerRuntime;

[JsonSerializable(typeof(ObservedObject))]
internal sealed partial class ObservedObjectJsonContext : JsonSerializerContext;
