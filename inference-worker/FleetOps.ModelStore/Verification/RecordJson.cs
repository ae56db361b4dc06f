using System.Text.Json;
using System.Text.Json.Serialization;
using FleetOps.ModelStore.Downloads;

namespace FleetOps.ModelStore.Verification;

/// <summary>JSON of the records in the model directory, generated at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Verdict))]
[JsonSerializable(typeof(PartRecord))]
[JsonSerializable(typeof(QuarantineRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;
