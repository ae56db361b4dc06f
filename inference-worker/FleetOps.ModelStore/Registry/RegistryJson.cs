using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.ModelStore.Registry;

/// <summary>JSON of registries and their token servers, generated at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(RegistryManifest))]
[JsonSerializable(typeof(RegistryModelConfig))]
[JsonSerializable(typeof(RegistryErrors))]
[JsonSerializable(typeof(RegistryToken))]
internal sealed partial class RegistryJson : JsonSerializerContext;
