using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.ModelStore.Credentials;

/// <summary>JSON of Docker's credentials, generated at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DockerConfigDocument))]
internal sealed partial class DockerConfigJson : JsonSerializerContext;
