using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FleetOps.Api;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>Names that tell one fetch from another.</summary>
internal static class FetchNames
{
    private const int JobNameLength = 57;
    private const int LabelLength = 63;
    private const int HashLength = 10;

    /// <summary>
    /// Hash of what a fetch brings, and where to. While it is the same nothing is fetched again; credentials, limits and labels do not matter for that.
    /// </summary>
    public static string FetchedHash(ModelCacheSpec spec) => Hash(JsonSerializer.SerializeToUtf8Bytes(
        new ModelCacheSpec
        {
            Model = new() { Source = spec.Model.Source, Revision = spec.Model.Revision, Sha256 = spec.Model.Sha256 },
            Target = spec.Target.Nodes is { } nodes ? new() { Nodes = Unselected(nodes) } : spec.Target,
            Pod = spec.Pod?.Env is { } variables ? new() { Env = variables } : null,
        },
        FleetOpsJson.Default.ModelCacheSpec));

    /// <summary>
    /// Name of the Job for one place: another one for each spec that makes another pod, and for each successor of a deleted ModelCache, so that a Job
    /// is never changed.
    /// </summary>
    public static string Job(ModelCache cache, string? node, string purpose = "")
    {
        var spec = cache.Spec with
        {
            Model = cache.Spec.Model with { License = null },
            Target = cache.Spec.Target.Nodes is { } nodes ? new() { Nodes = Unselected(nodes) } : cache.Spec.Target,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(spec, FleetOpsJson.Default.ModelCacheSpec);
        var hash = Hash([.. content, .. Encoding.UTF8.GetBytes($"\n{cache.Metadata.Uid}\n{node}\n{purpose}")])[..HashLength];
        // A Job's name is a label of its pods, and the pods' names are longer by six.
        return Shortened(cache.Metadata.Name.Replace('.', '-') + purpose, hash, JobNameLength);
    }

    /// <summary>Value of the label of all Jobs and pods of a ModelCache.</summary>
    public static string Label(string name) =>
        name.Length <= LabelLength ? name : Shortened(name, Hash(Encoding.UTF8.GetBytes(name))[..HashLength], LabelLength);

    private static CacheNodes Unselected(CacheNodes nodes) =>
        new() { Selector = new Dictionary<string, string>(StringComparer.Ordinal), Path = nodes.Path };

    private static string Shortened(string text, string hash, int length) =>
        string.Concat(text.AsSpan(0, Math.Min(text.Length, length - hash.Length - 1)).TrimEnd("-."), "-", hash);

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
}
