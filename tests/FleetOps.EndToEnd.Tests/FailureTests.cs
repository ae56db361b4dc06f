namespace FleetOps.EndToEnd.Tests;

/// <summary>What only the operator and the worker can see is said where the person looks: in conditions and events.</summary>
public sealed class FailureTests(InstalledFleetOps fleet)
{
    private static readonly TimeSpan DiagnosisLimit = TimeSpan.FromMinutes(2);
    private static readonly string WrongDigest = new('0', 64);

    [Fact]
    public Task A_digest_that_differs_is_told_with_both_digests() =>
        IsDiagnosedAsync(Manifest.Model("differs", sha256: WrongDigest), "differs", "DigestMismatch", WrongDigest, Manifest.DemoSha256);

    [Fact]
    public Task A_file_that_the_claim_does_not_hold_is_named() =>
        IsDiagnosedAsync(Manifest.Model("absent", source: "pvc://demo-models/absent.gguf"), "absent", "SourceNotFound", "absent.gguf");

    [Fact]
    public async Task A_file_that_is_no_GGUF_is_named()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("fleetops-").FullName, "broken.gguf");
        await File.WriteAllTextAsync(file, "this is not a model", TestContext.Current.CancellationToken);
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await space.PublishModelAsync(file);

        await IsDiagnosedAsync(kubectl, Manifest.Model("broken", source: "pvc://demo-models/broken.gguf", sha256: Manifest.Sha256(file)), "broken", "InvalidGguf", "broken.gguf");
    }

    [Fact]
    public async Task A_missing_secret_is_named_and_its_creation_is_noticed()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        // Nothing answers there, so the next obstacle shows that this one is gone.
        var manifest = Manifest.Model("locked", source: "https://127.0.0.1:9/demo.gguf", more: "    credentialsSecretRef: {name: hub-token}");
        await IsDiagnosedAsync(kubectl, manifest, "locked", "SecretNotFound", "hub-token");

        await kubectl.RunAsync("create", "secret", "generic", "hub-token", "--from-literal=token=not-a-real-token");

        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "fmd", "locked", "-o", "jsonpath={.status.conditions[?(@.type==\"WeightsReady\")].reason} {.status.conditions[?(@.type==\"Ready\")].reason}"),
            reasons => reasons.Contains("SourceUnreachable", StringComparison.Ordinal), DiagnosisLimit, "The next obstacle, the source that does not answer");
    }

    [Fact]
    public Task More_GPUs_than_any_node_has_is_told_with_what_there_is() =>
        IsDiagnosedAsync(Manifest.Model("greedy", gpus: 9), "greedy", "GpuNotOffered", "no node offers 9 nvidia.com/gpu", "the most on one node is 8", "spec.resources");

    [Fact]
    public Task A_product_that_no_node_has_is_named() =>
        IsDiagnosedAsync(Manifest.Model("rare", resources: "    gpuProducts: [NVIDIA-L40S]"), "rare", "GpuNotOffered", "NVIDIA-L40S", "gpuProducts");

    [Fact]
    public Task A_claim_that_does_not_exist_is_named() =>
        IsDiagnosedAsync(Manifest.Model("unclaimed", source: "pvc://no-such-claim/demo.gguf"), "unclaimed", "ClaimNotFound", "no-such-claim", "Create the PersistentVolumeClaim");

    [Fact]
    public Task An_image_that_cannot_be_pulled_is_named() =>
        IsDiagnosedAsync(Manifest.Model("unpulled", spec: "  pod: {image: localhost:1/no-such-worker:1}"), "unpulled", "ImagePullFailed", "no-such-worker", "the registry");

    [Fact]
    public Task A_node_that_does_not_exist_is_told_with_the_scheduler_s_own_words() =>
        IsDiagnosedAsync(Manifest.Model("nowhere", spec: "  placement: {nodeSelector: {disk: none}}"), "nowhere", "Unschedulable", "node affinity", "spec.placement");

    [Fact]
    public Task A_RuntimeClass_that_does_not_exist_is_named() =>
        IsDiagnosedAsync(Manifest.Model("classless", resources: "    runtimeClassName: no-such-class"), "classless", "RuntimeClassNotFound", "no-such-class", "spec.resources.runtimeClassName");

    [Fact]
    public Task A_memory_limit_that_is_far_too_low_is_told() =>
        IsDiagnosedAsync(Manifest.Model("tiny", memory: "6Mi"), "tiny", "OutOfMemory", "spec.resources.memory");

    [Fact]
    public async Task A_quota_that_is_used_up_is_named()
    {
        await using var space = await fleet.NewNamespaceAsync();
        await space.Kubectl.RunAsync("create", "quota", "no-pods", "--hard=pods=0");

        await IsDiagnosedAsync(space.Kubectl, Manifest.Model("rationed"), "rationed", "QuotaExceeded", "no-pods", "Raise the quota");
    }

    [Fact]
    public async Task A_rule_of_the_cluster_that_refuses_the_pods_is_named()
    {
        await using var space = await fleet.NewNamespaceAsync();
        await space.Kubectl.ApplyAsync("""
            apiVersion: v1
            kind: LimitRange
            metadata: {name: small}
            spec: {limits: [{type: Container, max: {memory: 16Mi}}]}
            """);

        await IsDiagnosedAsync(space.Kubectl, Manifest.Model("refused"), "refused", "PodRefused", "maximum memory usage per Container is 16Mi", "rule of the cluster");
    }

    private async Task IsDiagnosedAsync(string manifest, string name, string reason, params string[] details)
    {
        await using var space = await fleet.NewNamespaceAsync();
        await IsDiagnosedAsync(space.Kubectl, manifest, name, reason, details);
    }

    private static async Task IsDiagnosedAsync(Kubectl kubectl, string manifest, string name, string reason, params string[] details)
    {
        await kubectl.ApplyAsync(manifest);

        var (conditions, _) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "fmd", name, "-o", "jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{\"\\n\"}{end}"),
            text => text.Contains($" {reason}: ", StringComparison.Ordinal), DiagnosisLimit, $"A condition with the reason {reason}");
        Assert.Contains("Ready=False", conditions, StringComparison.Ordinal);

        var (described, _) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("describe", "fmd", name),
            text => text[text.IndexOf("Events:", StringComparison.Ordinal)..].Contains(reason, StringComparison.Ordinal),
            DiagnosisLimit, $"An event with the reason {reason}");
        // kubectl breaks long lines.
        var told = string.Join(' ', described.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.All(details, detail => Assert.Contains(detail, told, StringComparison.Ordinal));
    }
}
