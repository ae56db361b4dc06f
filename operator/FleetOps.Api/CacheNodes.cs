using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>Nodes, and the directory on each of them.</summary>
public sealed record CacheNodes
{
    /// <summary>Labels that a node must have; every node when empty. The first 64 by name are served, 4 at once, and those that come later too.</summary>
    [MapBounds(32, 63, ValuePattern = Patterns.LabelValue)]
    public required IReadOnlyDictionary<string, string> Selector { get; init; }

    /// <summary>Taints that the pods tolerate. The taint nvidia.com/gpu, which keeps other pods from nodes with GPUs, is tolerated without being listed.</summary>
    [ListBounds(32)]
    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    /// <summary>
    /// Absolute path of a directory on each node; the operator must allow it, and it is outside of the restricted Pod Security profile. It is
    /// created when absent, but then belongs to root: it must be writable for user 65532, as whom workers run.
    /// </summary>
    [StringLength(512, MinimumLength = 2)]
    [RegularExpression(Patterns.AbsolutePath)]
    [CelRule("self.matches(r'" + Patterns.AbsolutePath + "')", SpecMessages.TargetPath)]
    public required string Path { get; init; }
}
