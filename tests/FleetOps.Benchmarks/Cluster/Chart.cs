using System.Text.RegularExpressions;
using FleetOps.Benchmarks.Processes;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>The rights that the chart gives the operator, rendered by Helm.</summary>
internal static partial class Chart
{
    private const string Rbac = "apis/rbac.authorization.k8s.io/v1";

    /// <summary>Paths and manifests of all roles and bindings.</summary>
    public static async Task<IReadOnlyList<(string Path, string Manifest)>> RightsAsync(string ns, CancellationToken cancel)
    {
        var folder = await Command.RunAsync(Repository.Path("deploy", "local", "tools", "helm"), [], cancel);
        var rendered = await Command.RunAsync(
            Path.Combine(folder.Trim(), "helm"),
            ["template", "fleetops", Repository.Path("charts", "fleetops"), "--namespace", ns, "--kube-version", "1.20.2"],
            cancel);
        var rights = new List<(string Path, string Manifest)>();
        foreach (var document in rendered.Split("\n---\n"))
        {
            var path = KindLine().Match(document).Groups["kind"].Value switch
            {
                "ClusterRole" => $"{Rbac}/clusterroles",
                "ClusterRoleBinding" => $"{Rbac}/clusterrolebindings",
                "Role" => $"{Rbac}/namespaces/{NamespaceLine().Match(document).Groups["name"].Value}/roles",
                "RoleBinding" => $"{Rbac}/namespaces/{NamespaceLine().Match(document).Groups["name"].Value}/rolebindings",
                _ => null,
            };
            if (path is not null)
            {
                rights.Add((path, document));
            }
        }

        return rights;
    }

    [GeneratedRegex(@"^kind: (?<kind>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KindLine();

    [GeneratedRegex(@"^  namespace: ""?(?<name>[\w-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamespaceLine();
}
