using System.Globalization;
using System.Text.Json;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>On which nodes workers run: what the spec says of nodes, and what follows from the GPUs it asks for.</summary>
internal static class WorkerPlacement
{
    private const string WholeGpu = "nvidia.com/gpu";
    private const string MigPrefix = "nvidia.com/mig-";
    private const decimal Mebibyte = 1024 * 1024;

    /// <summary>The affinity that the spec gives.</summary>
    /// <exception cref="JsonException">It has not the form of a pod's affinity.</exception>
    public static V1Affinity? Given(PlacementSpec? placement) => placement?.Affinity?.Deserialize(AffinityJson.Default.V1Affinity);

    /// <summary>The affinity that the spec gives, and in each of its terms what the GPUs demand.</summary>
    public static V1Affinity? Affinity(ModelDeploymentSpec spec)
    {
        var given = Given(spec.Placement);
        var demands = GpuDemands(spec.Resources);
        if (demands.Count == 0)
        {
            return given;
        }

        var required = given?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return new()
        {
            NodeAffinity = new()
            {
                PreferredDuringSchedulingIgnoredDuringExecution = given?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution,
                RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = Merge(required, demands) },
            },
            PodAffinity = given?.PodAffinity,
            PodAntiAffinity = given?.PodAntiAffinity,
        };
    }

    /// <summary>Tolerations in the form of a pod.</summary>
    public static IEnumerable<V1Toleration> Given(IReadOnlyList<Toleration>? tolerations)
    {
        foreach (var toleration in tolerations ?? [])
        {
            yield return new()
            {
                Key = toleration.Key,
                OperatorProperty = toleration.Operator,
                Value = toleration.Value,
                Effect = toleration.Effect,
                TolerationSeconds = toleration.TolerationSeconds,
            };
        }
    }

    /// <summary>What the spec tolerates, and the taint that keeps other pods from nodes with GPUs.</summary>
    public static List<V1Toleration>? Tolerations(ModelDeploymentSpec spec)
    {
        var given = spec.Placement?.Tolerations ?? [];
        if (given.Count == 0 && spec.Resources.Gpus == 0)
        {
            return null;
        }

        List<V1Toleration> tolerations = new(given.Count + 2);
        tolerations.AddRange(Given(given));

        if (spec.Resources is { Gpus: > 0, GpuResourceName: var resource })
        {
            Tolerate(tolerations, resource);
            // Slices of a GPU are offered under names of their own by nodes that carry the taint of whole ones.
            if (resource.StartsWith(MigPrefix, StringComparison.Ordinal))
            {
                Tolerate(tolerations, WholeGpu);
            }
        }

        return tolerations;
    }

    /// <summary>How workers spread. It must not depend on their number: scaling would replace all of them.</summary>
    public static List<V1TopologySpreadConstraint> Spread(PlacementSpec? placement, ChildMetadata metadata)
    {
        if (placement?.TopologySpreadConstraints is not { Count: > 0 } given)
        {
            return [Constraint("kubernetes.io/hostname", "ScheduleAnyway", 1, metadata)];
        }

        List<V1TopologySpreadConstraint> constraints = new(given.Count);
        foreach (var constraint in given)
        {
            constraints.Add(Constraint(constraint.TopologyKey, constraint.WhenUnsatisfiable, constraint.MaxSkew, metadata));
        }

        return constraints;
    }

    private static V1TopologySpreadConstraint Constraint(string topologyKey, string whenUnsatisfiable, int maxSkew, ChildMetadata metadata) => new()
    {
        TopologyKey = topologyKey,
        WhenUnsatisfiable = whenUnsatisfiable,
        MaxSkew = maxSkew,
        LabelSelector = new() { MatchLabels = metadata.SelectorLabels },
    };

    private static void Tolerate(List<V1Toleration> tolerations, string key) =>
        tolerations.Add(new() { Key = key, OperatorProperty = "Exists", Effect = "NoSchedule" });

    private static List<V1NodeSelectorRequirement> GpuDemands(ResourcesSpec resources)
    {
        List<V1NodeSelectorRequirement> demands = [];
        if (resources.GpuProducts is { Count: > 0 } products)
        {
            demands.Add(new() { Key = GpuOffers.ProductLabel, OperatorProperty = "In", Values = [.. products] });
        }

        if (resources.MinGpuMemory is { } memory)
        {
            // The label tells MiB, and the only comparisons are greater and less.
            var below = decimal.Ceiling(new ResourceQuantity(memory).ToDecimal() / Mebibyte) - 1;
            demands.Add(new() { Key = GpuOffers.MemoryLabel, OperatorProperty = "Gt", Values = [below.ToString("0", CultureInfo.InvariantCulture)] });
        }

        return demands;
    }

    // A node must match one of the terms. One without any expression matches no node: with ours it would match some, so it is left out.
    private static List<V1NodeSelectorTerm> Merge(V1NodeSelector? required, List<V1NodeSelectorRequirement> demands)
    {
        if (required is null)
        {
            return [new() { MatchExpressions = demands }];
        }

        var given = required.NodeSelectorTerms ?? [];
        List<V1NodeSelectorTerm> terms = new(given.Count);
        foreach (var term in given)
        {
            if (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 })
            {
                terms.Add(new() { MatchExpressions = [.. term.MatchExpressions ?? [], .. demands], MatchFields = term.MatchFields });
            }
        }

        return terms.Count > 0 ? terms : [.. given];
    }
}
