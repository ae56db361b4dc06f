using System.Text.Json.Serialization;

namespace FleetOps.InferenceWorker.State;

/// <summary>Where the worker stands. The names are part of the contract with the operator.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorkerPhase>))]
internal enum WorkerPhase
{
    /// <summary>The model's file is on its way, or its source is being tried again.</summary>
    Fetching,

    /// <summary>The digest of a file that is already here is computed, and its header is read.</summary>
    Verifying,

    /// <summary>llama.cpp reads the file and places the weights.</summary>
    Loading,

    /// <summary>A first token is computed.</summary>
    Warming,

    /// <summary>Requests are answered.</summary>
    Serving,

    /// <summary>Running requests end, new ones go elsewhere.</summary>
    Draining,

    /// <summary>The end after SIGTERM.</summary>
    Stopped,

    /// <summary>The end after a failure that a restart of the same program with the same options would meet again.</summary>
    Failed,
}
