using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>One worker.</summary>
public sealed record WorkerStatus
{
    /// <summary>Name of the pod.</summary>
    [StringLength(253)]
    public required string Pod { get; init; }

    /// <summary>Name of the node; absent until the pod is scheduled.</summary>
    [StringLength(253)]
    public string? Node { get; init; }

    /// <summary>Pending, Starting, Fetching, Verifying, Loading, Warming, Serving, Draining, Stopped or Failed.</summary>
    [StringLength(32)]
    public required string Phase { get; init; }

    /// <summary>Bytes of the weights that have arrived; while fetching.</summary>
    public long? FetchedBytes { get; init; }

    /// <summary>Bytes of the weights in all; while fetching and once known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes that arrive in a second, to two digits; as of the last whole percent, while fetching.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Seconds until all have arrived, to two digits; as of the last whole percent, while fetching.</summary>
    public long? SecondsLeft { get; init; }

    /// <summary>Since when the worker is in this phase.</summary>
    public DateTime? Since { get; init; }

    /// <summary>What holds it up, from the list of reasons; empty when nothing does.</summary>
    [StringLength(64)]
    public string? Reason { get; init; }

    /// <summary>What holds it up, with cause and cure.</summary>
    [StringLength(1024)]
    public string? Message { get; init; }
}
