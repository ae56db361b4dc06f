using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>How far the fetch to one place is.</summary>
internal sealed record PlaceView
{
    /// <summary>Name of the node; null for the claim.</summary>
    public string? Node { get; init; }

    /// <summary>One of <see cref="CachePhases"/>.</summary>
    public required string Phase { get; init; }

    public long? FetchedBytes { get; init; }

    public long? TotalBytes { get; init; }

    public long? BytesPerSecond { get; init; }

    public long? SecondsLeft { get; init; }

    /// <summary>When it was last verified; null while nothing of the present spec is there.</summary>
    public DateTime? VerifiedAt { get; init; }

    /// <summary>Hash of what is there and verified; null while nothing of the present spec is.</summary>
    public string? FetchedHash { get; init; }

    /// <summary>What the fetch found; null until it ended, and once its pod is gone.</summary>
    public WorkerModel? Found { get; init; }

    public Trouble? Trouble { get; init; }

    /// <summary>Whether nothing goes on here until someone changes something.</summary>
    public bool IsStalled => Phase == CachePhases.Failed;
}
