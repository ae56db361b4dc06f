using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>What computes the model.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Backend>))]
public enum Backend
{
    /// <summary>CUDA when the pod has a usable device, else the CPU.</summary>
    Auto,

    /// <summary>CUDA; a worker that finds no device fails instead of falling back.</summary>
    Cuda,

    /// <summary>The CPU.</summary>
    Cpu,
}
