using System.Text.Json.Serialization;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

[JsonSerializable(typeof(ObjectHeader))]
[JsonSerializable(typeof(V1ListMeta))]
internal sealed partial class InformerJsonContext : JsonSerializerContext;
