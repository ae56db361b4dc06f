using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>One aspect of the state, in the form that Kubernetes tools understand.</summary>
public sealed record Condition
{
    /// <summary>Which aspect.</summary>
    [StringLength(64, MinimumLength = 1)]
    public required string Type { get; init; }

    /// <summary>True, False or Unknown.</summary>
    [AllowedValues("True", "False", "Unknown")]
    public required string Status { get; init; }

    /// <summary>The generation of the spec that it speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>When the status last changed.</summary>
    public DateTime LastTransitionTime { get; init; }

    /// <summary>Why, in one word from a closed list.</summary>
    [StringLength(64, MinimumLength = 1)]
    public required string Reason { get; init; }

    /// <summary>Why, for people: the object, the cause and the cure.</summary>
    [StringLength(4096)]
    public required string Message { get; init; }
}
