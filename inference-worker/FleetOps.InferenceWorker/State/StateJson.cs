using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.InferenceWorker.State;

/// <summary>Serialization of the state document, known at compile time.</summary>
[JsonSerializable(typeof(StateDocument))]
[JsonSerializable(typeof(TerminationMessage))]
[JsonSerializable(typeof(EstimateDocument))]
[JsonSerializable(typeof(FetchedMessage))]
[JsonSerializable(typeof(RemovedMessage))]
internal sealed partial class StateJson : JsonSerializerContext
{
    /// <summary>For documents that people read in a terminal too: quotes and letters stay as they are.</summary>
    public static StateJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
