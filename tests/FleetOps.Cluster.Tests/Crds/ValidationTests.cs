using System.Text.RegularExpressions;
using FleetOps.Api;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Crds;

/// <summary>What the API servers take and refuse. The specs are in YAML's flow style, one line each.</summary>
public sealed partial class ValidationTests(CrdServers servers)
{
    private const string Digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static TheoryData<string> Good =>
    [
        "model: {source: hf://owner/repository/file.gguf}",
        "model: {source: hf://owner/repository.name/folder/file-00001-of-00002.gguf, revision: refs/pr/1}",
        "model: {source: 'https://example.com/a/b.gguf?download=true'}",
        "model: {source: 'https://example.com:8443/b.gguf', credentialsSecretRef: {name: token}}",
        $"model: {{source: 'http://10.0.0.1:8000/m.gguf', sha256: {Digest}}}",
        "model: {source: s3://my-models.v2/llama/7b.gguf, revision: Xy3.v_1, credentialsSecretRef: {name: key}}",
        "model: {source: s3://models/7b.gguf, revision: .mU3+a/b_}",
        "model: {source: s3://models/7b.gguf, revision: _3HL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY}",
        "model: {source: 'hf://o/r/f.gguf@refs/pr/1'}",
        "model: {source: 'hf://o/r/f.gguf@v1', revision: v1}",
        "{model: {source: hf://o/r/f.gguf}, cache: {}}",
        "{model: {source: hf://o/r/f.gguf}, cache: {sizeLimit: 20Gi}}",
        "model: {source: oci://docker.io/ai/smollm2}",
        "model: {source: 'oci://registry:5000/a/b__c/d-e.f:V1_x.y', credentialsSecretRef: {name: pull}}",
        $"model: {{source: 'oci://localhost/m:v1@sha256:{Digest}'}}",
        "model: {source: pvc://models/llama/7b.gguf}",
        "model: {source: pvc://models/..hidden/7b.gguf}",
        "model: {source: pvc://models/7b.gguf, adapters: [{name: support, path: lora/support.gguf}, {name: sql_v1.2, path: sql.gguf}]}",
        "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, cpu: 4, memory: 17179869184}}",
        "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, cpu: 500m, memory: 1.5Gi, gpuResourceName: nvidia.com/mig-1g.10gb, runtimeClassName: nvidia}}",
        "{model: {source: hf://o/r/f.gguf}, engine: {backend: Cuda}, resources: {gpus: 1}}",
        "{model: {source: hf://o/r/f.gguf}, engine: {kvCacheType: Q8_0, flashAttention: Enabled}}",
        "{model: {source: hf://o/r/f.gguf}, replicas: 0}",
    ];

    /// <summary>A spec, and the field that any API server must name.</summary>
    public static TheoryData<string, string> Bad => new()
    {
        { "replicas: 1", "spec.model" },
        { "model: {}", "spec.model.source" },
        { "model: {source: ''}", "spec.model.source" },
        { "model: {source: ftp://example.com/f.gguf}", "spec.model.source" },
        { "model: {source: file:///etc/passwd}", "spec.model.source" },
        { "model: {source: hf://owner/file.gguf}", "spec.model.source" },
        { "model: {source: hf://o/r/f.gguf@}", "spec.model.source" },
        { "model: {source: 'hf://o/r/f.gguf@v1@v2'}", "spec.model.source" },
        { "model: {source: 'https://example.com'}", "spec.model.source" },
        { "model: {source: 'https://example.com/folder/'}", "spec.model.source" },
        { "model: {source: 'https://user:password@example.com/f.gguf'}", "spec.model.source" },
        { "model: {source: oci://ai/smollm2}", "spec.model.source" },
        { "model: {source: 'oci://ghcr.io/o/m:'}", "spec.model.source" },
        { "model: {source: 'oci://user:password@ghcr.io/o/m'}", "spec.model.source" },
        { "model: {source: 'oci://ghcr.io/o/m@sha256:abc'}", "spec.model.source" },
        { "model: {source: pvc://models}", "spec.model.source" },
        { "model: {source: pvc://models/../other/f.gguf}", "spec.model.source" },
        { "model: {source: pvc://Models/f.gguf}", "spec.model.source" },
        { "model: {source: pvc://models/f.gguf, adapters: [{name: a, path: ../other/a.gguf}]}", "spec.model.adapters" },
        { "model: {source: pvc://models/f.gguf, adapters: [{name: a, path: /a.gguf}]}", "spec.model.adapters" },
        { "model: {source: pvc://models/f.gguf, adapters: [{name: a=b, path: a.gguf}]}", "spec.model.adapters" },
        { "model: {source: hf://o/r/f.gguf, sha256: abc}", "spec.model.sha256" },
        { $"model: {{source: hf://o/r/f.gguf, sha256: {Digest.ToUpperInvariant()}}}", "spec.model.sha256" },
        { "model: {source: hf://o/r/f.gguf, revision: ''}", "spec.model.revision" },
        { "model: {source: hf://o/r/f.gguf, credentialsSecretRef: {}}", "spec.model.credentialsSecretRef.name" },
        { "model: {source: hf://o/r/f.gguf, credentialsSecretRef: {name: Bad_Name}}", "spec.model.credentialsSecretRef.name" },
        { "{model: {source: hf://o/r/f.gguf}, replicas: -1}", "spec.replicas" },
        { "{model: {source: hf://o/r/f.gguf}, replicas: 1001}", "spec.replicas" },
        { "{model: {source: hf://o/r/f.gguf}, replicas: two}", "spec.replicas" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {backend: Rocm}}", "spec.engine.backend" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {contextLength: 0}}", "spec.engine.contextLength" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {maxSequences: 257}}", "spec.engine.maxSequences" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {kvCacheType: q8_0}}", "spec.engine.kvCacheType" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {flashAttention: Off}}", "spec.engine.flashAttention" },
        { "{model: {source: hf://o/r/f.gguf}, engine: {gpuLayers: -2}}", "spec.engine.gpuLayers" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpus: -1}}", "spec.resources.gpus" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpuResourceName: gpu}}", "spec.resources.gpuResourceName" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {cpu: 0}}", "spec.resources.cpu" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {cpu: 0m}}", "spec.resources.cpu" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {cpu: 4 cores}}", "spec.resources.cpu" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {memory: '0'}}", "spec.resources.memory" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {memory: 16GB}}", "spec.resources.memory" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {runtimeClassName: 'NVIDIA GPU'}}", "spec.resources.runtimeClassName" },
    };

    /// <summary>A spec that breaks a rule across fields: what the schema alone says of it, and what CEL says.</summary>
    public static TheoryData<string, string, string> BadTogether => new()
    {
        { "model: {source: 'http://example.com/f.gguf'}", "spec.model.source", SpecMessages.PlainHttpNeedsDigest },
        { "model: {source: pvc://models/f.gguf, revision: main}", "spec.model", SpecMessages.RevisionNeedsHub },
        { "model: {source: pvc://models/f.gguf, credentialsSecretRef: {name: token}}", "spec.model", SpecMessages.ClaimTakesNoCredentials },
        { "model: {source: hf://o/r/f.gguf, adapters: [{name: a, path: a.gguf}]}", "spec.model", SpecMessages.AdaptersNeedClaim },
        { "{model: {source: hf://o/r/f.gguf}, engine: {backend: Cuda}}", "spec.resources.gpus", SpecMessages.CudaNeedsGpu },
        { "{model: {source: hf://o/r/f.gguf}, engine: {kvCacheType: Q4_0, flashAttention: Disabled}}", "spec.engine", SpecMessages.QuantizedCacheNeedsFlashAttention },
        { "{model: {source: hf://o/r/f.gguf}, engine: {backend: Cpu, gpuLayers: 10}}", "spec.engine", SpecMessages.CpuHasNoGpuLayers },
    };

    /// <summary>A value whose message CEL makes better than its pattern.</summary>
    public static TheoryData<string, string> BadWithCure => new()
    {
        { "model: {source: ftp://host/m.gguf}", SpecMessages.SourceScheme },
        { "model: {source: hf://owner/file.gguf}", SpecMessages.HubSource },
        { "model: {source: 'https://user:password@example.com/f.gguf'}", SpecMessages.WebSource },
        { "model: {source: s3://models/../f.gguf}", SpecMessages.BucketSource },
        { "model: {source: oci://ghcr.io/Upper/m}", SpecMessages.RegistrySource },
        { "model: {source: pvc://models/../f.gguf}", SpecMessages.ClaimSource },
        { "model: {source: hf://o/r/f.gguf, sha256: xyz3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}", SpecMessages.Sha256 },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpuResourceName: gpu}}", SpecMessages.GpuResourceName },
        { "{model: {source: hf://o/r/f.gguf}, resources: {cpu: 4 cores}}", SpecMessages.Cpu },
        { "{model: {source: hf://o/r/f.gguf}, resources: {memory: 16GB}}", SpecMessages.Memory },
        { "model: {source: 'hf://o/r/f.gguf@v1', revision: v2}", SpecMessages.TwoRevisions },
    };

    [Theory, MemberData(nameof(Good)), MemberData(nameof(GoodWorkers))]
    public async Task A_right_spec_is_taken_by_the_old_server(string spec) => AssertTaken(await TryAsync(servers.Server.CreateConfiguration(), spec));

    [Theory, MemberData(nameof(Good)), MemberData(nameof(GoodWorkers))]
    public async Task A_right_spec_is_taken_by_the_newest_server(string spec) => AssertTaken(await TryAsync(servers.Newest.CreateConfiguration(), spec));

    [Theory, MemberData(nameof(Bad)), MemberData(nameof(BadWorkers))]
    public async Task A_wrong_field_is_refused_and_named_by_the_old_server(string spec, string field) =>
        AssertRefused(await TryAsync(servers.Server.CreateConfiguration(), spec), WithoutIndexes(field));

    [Theory, MemberData(nameof(Bad)), MemberData(nameof(BadWorkers))]
    public async Task A_wrong_field_is_refused_and_named_by_the_newest_server(string spec, string field) =>
        AssertRefused(await TryAsync(servers.Newest.CreateConfiguration(), spec), field);

    [Theory, MemberData(nameof(BadTogether)), MemberData(nameof(BadTogetherWorkers))]
    public async Task Fields_that_do_not_go_together_are_refused_by_the_old_server_too(string spec, string field, string message)
    {
        Assert.NotEmpty(message);
        AssertRefused(await TryAsync(servers.Server.CreateConfiguration(), spec), WithoutIndexes(field));
    }

    [Theory, MemberData(nameof(BadTogether)), MemberData(nameof(BadTogetherWorkers))]
    public async Task Fields_that_do_not_go_together_are_refused_with_the_cure_by_the_newest_server(string spec, string field, string message)
    {
        Assert.NotEmpty(field);
        AssertRefused(await TryAsync(servers.Newest.CreateConfiguration(), spec), message);
    }

    [Theory, MemberData(nameof(BadWithCure)), MemberData(nameof(BadWithCureWorkers))]
    public async Task A_wrong_field_is_refused_with_the_cure_by_the_newest_server(string spec, string message) =>
        AssertRefused(await TryAsync(servers.Newest.CreateConfiguration(), spec), message);

    private static async Task<RestAnswer> TryAsync(k8s.KubernetesClientConfiguration configuration, string spec)
    {
        using var rest = new RestClient(configuration);
        return await rest.CreateAsync(RestClient.ModelDeployments + "?dryRun=All", Manifest.WithSpec(spec));
    }

    // The old server does not tell which item of a list it means.
    private static string WithoutIndexes(string field) => IndexOfItem().Replace(field, "");

    [GeneratedRegex(@"\[\d+\]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IndexOfItem();

    private static void AssertTaken(RestAnswer answer)
    {
        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Empty(answer.Warnings);
    }

    private static void AssertRefused(RestAnswer answer, string says)
    {
        Assert.Equal(422, (int)answer.Status);
        Assert.True(answer.Message.Contains(says, StringComparison.Ordinal), answer.Message);
    }
}
