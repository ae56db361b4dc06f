using System.Globalization;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>
/// The GPUs that the nodes of the cluster offer, in use or not. Immutable, compared by value, so that a change of nodes that changes no
/// offer is seen as none. Made once for each change of nodes and shared by all plans.
/// </summary>
internal sealed class GpuOffers : IEquatable<GpuOffers>
{
    /// <summary>The label of a node that names its GPUs.</summary>
    public const string ProductLabel = "nvidia.com/gpu.product";

    /// <summary>The label of a node that tells the memory of each of its GPUs, in MiB.</summary>
    public const string MemoryLabel = "nvidia.com/gpu.memory";

    private const int MostTold = 8;
    private const long Mebibyte = 1024 * 1024;

    private readonly GpuOffer[] _all;

    private GpuOffers(GpuOffer[] all)
    {
        _all = all;
        Summary = Summarize(all);
    }

    /// <summary>One for each resource name, product and memory, in the order of their names.</summary>
    public IReadOnlyList<GpuOffer> All => _all;

    /// <summary>The offers for people, such as "the cluster offers NVIDIA-A100 as nvidia.com/gpu (16 on 2 nodes)".</summary>
    public string Summary { get; }

    /// <summary>What these nodes offer. Only labels and allocatable are read.</summary>
    public static GpuOffers Of(IEnumerable<V1Node> nodes)
    {
        var found = new Dictionary<(string Name, string? Product, long? Memory), (int Nodes, long Total, long Most)>();
        foreach (var node in nodes)
        {
            foreach (var (name, quantity) in node.Status?.Allocatable ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
            {
                if (!IsDevice(name) || quantity.ToInt64() is not (> 0 and var count))
                {
                    continue;
                }

                var key = (name, Label(node, ProductLabel), long.TryParse(Label(node, MemoryLabel), NumberStyles.None, CultureInfo.InvariantCulture, out var memory) ? memory : (long?)null);
                var sum = found.GetValueOrDefault(key);
                found[key] = (sum.Nodes + 1, sum.Total + count, Math.Max(sum.Most, count));
            }
        }

        return new([.. found
            .Select(f => new GpuOffer(f.Key.Name, f.Key.Product, f.Key.Memory, f.Value.Nodes, f.Value.Total, f.Value.Most))
            .OrderBy(o => o.ResourceName, StringComparer.Ordinal)
            .ThenBy(o => o.Product, StringComparer.Ordinal)
            .ThenBy(o => o.MemoryMiB)]);
    }

    /// <summary>Why no node, were it empty, could give a worker its GPUs; null when one could.</summary>
    /// <param name="resourceName">The extended resource asked for.</param>
    /// <param name="count">How many, above 0.</param>
    /// <param name="products">Products that will do; null or empty for any.</param>
    /// <param name="minMemoryBytes">Memory that each must have; null for any.</param>
    public string? WhyNone(string resourceName, int count, IReadOnlyList<string>? products = null, long? minMemoryBytes = null)
    {
        var left = _all.Where(o => o.ResourceName == resourceName).ToList();
        var wanted = resourceName;
        if (left.Count > 0 && products is { Count: > 0 })
        {
            left.RemoveAll(o => o.Product is null || !products.Contains(o.Product, StringComparer.Ordinal));
            wanted += $" with product {string.Join(" or ", products)}";
        }

        if (left.Count > 0 && minMemoryBytes is { } bytes)
        {
            var needed = (bytes + Mebibyte - 1) / Mebibyte;
            left.RemoveAll(o => o.MemoryMiB is not { } memory || memory < needed);
            wanted += string.Create(CultureInfo.InvariantCulture, $" with at least {needed} MiB of memory");
        }

        if (left.Count == 0)
        {
            return $"no node offers {wanted}; {Summary}";
        }

        var most = left.Max(o => o.MostOnOneNode);
        return most < count ? string.Create(CultureInfo.InvariantCulture, $"no node offers {count} {wanted}, the most on one node is {most}; {Summary}") : null;
    }

    /// <summary>The most GPU memory that a worker could have on one node, were it empty, in bytes; null when no node offers its GPUs, or one does not tell their memory.</summary>
    /// <param name="resourceName">The extended resource asked for.</param>
    /// <param name="count">How many, above 0.</param>
    /// <param name="products">Products that will do; null or empty for any.</param>
    public long? MostMemory(string resourceName, int count, IReadOnlyList<string>? products = null)
    {
        long? most = null;
        foreach (var offer in _all)
        {
            if (offer.ResourceName != resourceName
                || offer.MostOnOneNode < count
                || (products is { Count: > 0 } && (offer.Product is null || !products.Contains(offer.Product, StringComparer.Ordinal))))
            {
                continue;
            }

            // Labels can say anything; what does not fit into a number is as good as unknown.
            if (offer.MemoryMiB is not { } memory || memory > long.MaxValue / Mebibyte / count)
            {
                return null;
            }

            most = Math.Max(most ?? 0, count * memory * Mebibyte);
        }

        return most;
    }

    /// <inheritdoc/>
    public bool Equals(GpuOffers? other) => other is not null && _all.AsSpan().SequenceEqual(other._all);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GpuOffers);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Summary);

    // Devices have names with a domain; what Kubernetes itself counts has none, or its own.
    private static bool IsDevice(string name) =>
        name.Contains('/', StringComparison.Ordinal) && !name.StartsWith("kubernetes.io/", StringComparison.Ordinal);

    private static string? Label(V1Node node, string name) =>
        node.Metadata.Labels is { } labels && labels.TryGetValue(name, out var value) ? value : null;

    private static string Summarize(GpuOffer[] all)
    {
        if (all.Length == 0)
        {
            return "no node of the cluster offers any GPU";
        }

        var told = all.Take(MostTold).Select(o => string.Create(
            CultureInfo.InvariantCulture,
            $"{(o.Product is null ? "" : o.Product + " as ")}{o.ResourceName} ({(o.MemoryMiB is { } memory ? $"{memory} MiB, " : "")}{o.Total} on {o.Nodes} node{(o.Nodes == 1 ? "" : "s")})"));
        return "the cluster offers " + string.Join(", ", told) + (all.Length > MostTold ? " and others" : "");
    }
}
