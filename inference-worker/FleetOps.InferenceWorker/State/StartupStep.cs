using System.Text.Json.Serialization;

namespace FleetOps.InferenceWorker.State;

/// <summary>What takes time between the start of the program and its first request. The names are part of the contract with the operator.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StartupStep>))]
internal enum StartupStep
{
    /// <summary>llama.cpp's libraries are loaded, and the backend is chosen.</summary>
    Runtime,

    /// <summary>The digest of a file that lies in place is computed, beside the steps that follow.</summary>
    Digest,

    /// <summary>llama.cpp opens the file and reads metadata and vocabulary.</summary>
    Open,

    /// <summary>The weights are placed.</summary>
    Tensors,

    /// <summary>Contexts are made, and adapters are loaded.</summary>
    Context,

    /// <summary>A first token or embedding is computed.</summary>
    WarmUp,
}
