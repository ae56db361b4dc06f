using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>A LoRA adapter of the model.</summary>
public sealed record AdapterReference
{
    /// <summary>The name by which requests choose it.</summary>
    [StringLength(63, MinimumLength = 1)]
    [RegularExpression(Patterns.AdapterName)]
    public required string Name { get; init; }

    /// <summary>Path of its GGUF file in the claim that holds the model, such as adapters/support.gguf.</summary>
    [StringLength(512, MinimumLength = 1)]
    [RegularExpression(Patterns.RelativePath)]
    public required string Path { get; init; }
}
