using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>The licence of the weights, and whether you agree to it. An operator may demand that you do.</summary>
public sealed record LicenseSpec
{
    /// <summary>The licence as the model's card names it, such as apache-2.0 or llama3.1.</summary>
    [StringLength(128, MinimumLength = 1)]
    public required string Id { get; init; }

    /// <summary>Whether its terms are accepted. With false nothing is served; when left out, the operator's policy decides.</summary>
    public bool? Accepted { get; init; }
}
