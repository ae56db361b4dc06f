using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.ModelStore.Hub;

/// <summary>JSON of the hub's API, generated at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(HubRevision))]
[JsonSerializable(typeof(List<HubEntry>))]
internal sealed partial class HubJson : JsonSerializerContext;
