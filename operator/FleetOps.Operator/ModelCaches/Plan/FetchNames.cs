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
    /// <param name="spec">The spec.</param>
    /// <param name="identity">Tells the claim or the node from a successor of the same name; null while there is none.</param>
    public static string FetchedHash(ModelCacheSpec spec, string? identity) => Hash([.. Content(spec), .. Encoding.UTF8.GetBytes(identity is null ? "" : $"\n{identity}")]);

    private static byte[] Content(ModelCacheSpec spec) => JsonSerializer.SerializeToUtf8Bytes(
        new ModelCacheSpec
        {
            Model = new() { Source = spec.Model.Source, Revision = spec.Model.Revision, Sha256 = spec.Model.Sha256 },
            Target = spec.Target.Nodes is { } nodes ? new() { Nodes = Unselected(nodes) } : spec.Target,
            Pod = spec.Pod?.Env is { } variables ? new() { Env = variables } : null,
        },
        FleetOpsJson.Default.ModelCacheSpec);

    /// <summary>
    /// Name of the Job for one place: another one for each spec that makes another pod, and for each successor of a deleted ModelCache, of a claim or of a
    /// node, so that a Job is never changed.
    /// </summary>
    /// <param name="cache">The ModelCache.</param>
    /// <param name="node">Name of the node; null for the claim.</param>
    /// <param name="identity">Tells the claim or the node from a successor of the same name; null while there is none.</param>
    /// <param name="purpose">What the Job does besides fetching, for people too; empty for one that fetches.</param>
    /// <param name="look">Tells one look from the next; empty for the first fetch.</param>
    public static string Job(ModelCache cache, string? node, string? identity = null, string purpose = "", string look = "")
    {
        var spec = cache.Spec with
        {
            Model = cache.Spec.Model with { License = null },
            // None of them makes another pod.
            RecheckHours = null,
            DeletionPolicy = null,
            Target = cache.Spec.Target.Nodes is { } nodes ? new() { Nodes = Unselected(nodes) } : cache.Spec.Target,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(spec, FleetOpsJson.Default.ModelCacheSpec);
        var hash = Hash([.. content, .. Encoding.UTF8.GetBytes($"\n{cache.Metadata.Uid}\n{node}\n{identity}\n{purpose}\n{look}")])[..HashLength];
        // A Job's name is a label of its pods, and the pods' names are longer by six.
        return Shortened(cache.Metadata.Name.Replace('.', '-') + purpose, hash, JobNameLength);
    }

    /// <summary>Name of the NetworkPolicy of a ModelCache, which a ModelDeployment of any name has not.</summary>
    public static string NetworkPolicy(ModelCache cache) =>
        Shortened(cache.Metadata.Name + "-cache", Hash(Encoding.UTF8.GetBytes($"{cache.Metadata.Name}\n{cache.Metadata.Uid}"))[..HashLength], LabelLength);

    /// <summary>Value of the label of all Jobs and pods of a ModelCache.</summary>
    public static string Label(string name) =>
        name.Length <= LabelLength ? name : Shortened(name, Hash(Encoding.UTF8.GetBytes(name))[..HashLength], LabelLength);

    private static CacheNodes Unselected(CacheNodes nodes) =>
        new() { Selector = new Dictionary<string, string>(StringComparer.Ordinal), Path = nodes.Path };

    private static string Shortened(string text, string hash, int length) =>
        string.Concat(text.AsSpan(0, Math.Min(text.Length, length - hash.Length - 1)).TrimEnd("-."), "-", hash);

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
}
