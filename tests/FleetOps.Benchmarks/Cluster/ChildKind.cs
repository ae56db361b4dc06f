namespace FleetOps.Benchmarks.Cluster;

/// <summary>A kind of which a ModelDeployment may have children.</summary>
/// <param name="ApiVersion">As in manifests.</param>
/// <param name="Kind">As in manifests.</param>
/// <param name="Plural">As in paths.</param>
internal sealed record ChildKind(string ApiVersion, string Kind, string Plural)
{
    private static readonly ChildKind[][] Candidates =
    [
        [new("apps/v1", "Deployment", "deployments")],
        [new("v1", "Service", "services")],
        [new("v1", "ServiceAccount", "serviceaccounts")],
        [new("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"), new("policy/v1beta1", "PodDisruptionBudget", "poddisruptionbudgets")],
        [new("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")],
    ];

    private string Root => ApiVersion == "v1" ? "api/v1" : $"apis/{ApiVersion}";

    /// <summary>Path of all objects.</summary>
    public string Everywhere => $"{Root}/{Plural}";

    /// <summary>Path of one object.</summary>
    public string PathOf(string ns, string name) => $"{Root}/namespaces/{ns}/{Plural}/{name}";

    /// <summary>The kinds as the server knows them, each in the newest version that it has.</summary>
    public static async Task<IReadOnlyList<ChildKind>> FindAsync(ApiClient api, CancellationToken cancel)
    {
        var found = new List<ChildKind>();
        foreach (var versions in Candidates)
        {
            foreach (var version in versions)
            {
                if (await api.ServesAsync($"{version.Root}", cancel))
                {
                    found.Add(version);
                    break;
                }
            }
        }

        return found;
    }
}
