using FleetOps.Api;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Crds;

/// <summary>Which ModelCaches the API servers take and refuse. The specs are in YAML's flow style, one line each.</summary>
public sealed class CacheValidationTests(CrdServers servers)
{
    public static TheoryData<string> Good =>
    [
        "{model: {source: hf://o/r/f.gguf}, target: {claimName: weights}}",
        "{model: {source: 'oci://ghcr.io/o/m:v1', credentialsSecretRef: {name: pull}}, target: {claimName: weights}, maxSize: 200Gi, pod: {env: [{name: HTTPS_PROXY, value: 'http://p'}]}}",
        "{model: {source: 's3://b/f.gguf'}, target: {nodes: {selector: {}, path: /var/lib/models}}, maxSize: 1073741824}",
        "{model: {source: hf://o/r/f.gguf}, target: {nodes: {selector: {pool: gpu}, path: /var/lib/models, tolerations: [{operator: Exists}]}}}",
        "{model: {source: 'hf://o/r/f.gguf@v1'}, target: {claimName: weights}, deletionPolicy: Retain, recheckHours: 24}",
        "{model: {source: hf://o/r/f.gguf}, target: {claimName: weights}, deletionPolicy: Delete, recheckHours: 0}",
    ];

    /// <summary>A spec, what any API server says of it, and what the newest says.</summary>
    public static TheoryData<string, string, string> Bad => new()
    {
        { "{model: {source: hf://o/r/f.gguf}}", "spec.target", "spec.target" },
        { "{model: {source: hf://o/r/f.gguf}, target: {}}", "spec.target", SpecMessages.OneTarget },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: c, nodes: {selector: {}, path: /models}}}", "spec.target", SpecMessages.OneTarget },
        { "{model: {source: pvc://c/f.gguf}, target: {claimName: c}}", "spec", SpecMessages.CachedSource },
        { "{model: {source: 'http://h/f.gguf'}, target: {claimName: c}}", "spec.model", SpecMessages.PlainHttpNeedsDigest },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: C_}}", "spec.target.claimName", "spec.target.claimName" },
        { "{model: {source: hf://o/r/f.gguf}, target: {nodes: {selector: {}, path: ../models}}}", "spec.target.nodes.path", SpecMessages.TargetPath },
        { "{model: {source: hf://o/r/f.gguf}, target: {nodes: {path: /models}}}", "spec.target.nodes.selector", "spec.target.nodes.selector" },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: c}, deletionPolicy: Keep}", "spec.deletionPolicy", "spec.deletionPolicy" },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: c}, recheckHours: -1}", "spec.recheckHours", "spec.recheckHours" },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: c}, maxSize: 20GB}", "spec.maxSize", SpecMessages.CachedMaxSize },
        { "{model: {source: hf://o/r/f.gguf}, target: {claimName: c}, maxSize: 0}", "spec.maxSize", "spec.maxSize" },
    };

    [Theory, MemberData(nameof(Good))]
    public async Task A_right_spec_is_taken(string spec)
    {
        AssertTaken(await TryAsync(servers.Server.CreateConfiguration(), spec));
        AssertTaken(await TryAsync(servers.Newest.CreateConfiguration(), spec));
    }

    [Theory, MemberData(nameof(Bad))]
    public async Task A_wrong_field_is_refused_and_named(string spec, string field, string message)
    {
        AssertRefused(await TryAsync(servers.Server.CreateConfiguration(), spec), field);
        AssertRefused(await TryAsync(servers.Newest.CreateConfiguration(), spec), message);
    }

    private static async Task<RestAnswer> TryAsync(k8s.KubernetesClientConfiguration configuration, string spec)
    {
        using var rest = new RestClient(configuration);
        return await rest.CreateAsync(
            RestClient.ModelCaches + "?dryRun=All", $"{{apiVersion: fleetops.dev/v1alpha1, kind: ModelCache, metadata: {{name: example, namespace: default}}, spec: {spec}}}");
    }

    private static void AssertTaken(RestAnswer answer) => Assert.True(answer.IsSuccess, answer.Message);

    private static void AssertRefused(RestAnswer answer, string says)
    {
        Assert.Equal(422, (int)answer.Status);
        Assert.True(answer.Message.Contains(says, StringComparison.Ordinal), answer.Message);
    }
}
