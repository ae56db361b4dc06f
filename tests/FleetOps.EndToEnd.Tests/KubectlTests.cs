namespace FleetOps.EndToEnd.Tests;

/// <summary>What a Kubernetes user expects of a resource, typed at a terminal.</summary>
public sealed class KubectlTests(InstalledFleetOps fleet)
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReactionLimit = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Get_shows_the_model_in_columns_and_describe_tells_its_story()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("told"));
        await kubectl.WaitAsync("fmd/told", "condition=Ready", StartLimit);

        // The kubelet may find the worker ready a moment before the operator has asked it what it serves.
        var (text, _) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "fmd"), shown => shown.Contains("llama", StringComparison.Ordinal), ReactionLimit, "The model is in the table");
        var table = text.Split('\n');
        Assert.Equal(["NAME", "MODEL", "QUANT", "GPUS", "READY", "PHASE", "AGE"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"^told\s+llama.*\sF16\s+1\s+1/1\s+Ready\s+\d+", table[1]);

        var wide = (await kubectl.RunAsync("get", "fmd", "-o", "wide")).Split('\n');
        Assert.Contains("SOURCE", wide[0], StringComparison.Ordinal);
        Assert.Contains("pvc://demo-models/demo.gguf", wide[1], StringComparison.Ordinal);

        var description = await kubectl.RunAsync("describe", "fmd", "told");
        Assert.Contains("Events:", description, StringComparison.Ordinal);
        Assert.Contains(Manifest.DemoSha256, description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_teaches_what_a_field_is_for()
    {
        var text = await fleet.Kubectl.RunAsync("explain", "fmd.spec.model");

        Assert.Contains("source", text, StringComparison.Ordinal);
        Assert.Contains("sha256", text, StringComparison.Ordinal);
        Assert.DoesNotContain("<empty>", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scale_adds_a_worker_and_takes_it_away()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("scaled"));
        await kubectl.WaitAsync("fmd/scaled", "condition=Ready", StartLimit);

        await kubectl.RunAsync("scale", "fmd/scaled", "--replicas=2");
        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "fmd", "scaled", "-o", "jsonpath={.status.readyReplicas}/{.status.replicas}"),
            ready => ready == "2/2", StartLimit, "Two ready workers");

        await kubectl.RunAsync("scale", "fmd/scaled", "--replicas=1");
        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "pods", "-l", "fleetops.dev/model=scaled", "-o", "name"),
            pods => pods.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length == 1, StartLimit, "One worker");
    }

    [Fact]
    public async Task Children_changed_or_deleted_by_hand_come_back()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("kept"));
        await kubectl.WaitAsync("fmd/kept", "condition=Ready", StartLimit);

        await kubectl.RunAsync("delete", "service", "kept");
        var (_, service) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "service", "-o", "name"),
            names => names.Split('\n').Contains("service/kept"), ReactionLimit, "The deleted Service is back");

        await kubectl.RunAsync("patch", "service", "kept", "--type=json", "-p", """[{"op":"replace","path":"/spec/ports/0/targetPort","value":1}]""");
        var (_, port) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "service", "kept", "-o", "jsonpath={.spec.ports[0].targetPort}"),
            value => value != "1", ReactionLimit, "The edited Service is as planned");

        await kubectl.RunAsync("set", "image", "deployment/kept", "worker=example.com/other:1");
        var (_, image) = await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "deployment", "kept", "-o", "jsonpath={.spec.template.spec.containers[0].image}"),
            value => !value.Contains("example.com", StringComparison.Ordinal), ReactionLimit, "The edited Deployment is as planned");

        await kubectl.RunAsync("delete", "deployment", "kept", "--wait=false");
        var (_, deployment) = await Eventually.HoldsAsync(
            async () => (await kubectl.TryAsync(["get", "deployment", "kept", "-o", "jsonpath={.metadata.deletionTimestamp}"])) is { ExitCode: 0, Output: var deleting } && deleting.Length == 0,
            present => present, ReactionLimit, "The deleted Deployment is back");

        TestContext.Current.SendDiagnosticMessage($"Undone after: Service {service}, its port {port}, image {image}, Deployment {deployment}, kubectl's own time included.");
    }

    [Fact]
    public async Task Deleting_the_resource_removes_all_its_children()
    {
        await using var space = await fleet.NewNamespaceAsync();
        var kubectl = space.Kubectl;
        await kubectl.ApplyAsync(Manifest.Model("gone"));
        await kubectl.WaitAsync("fmd/gone", "condition=Ready", StartLimit);

        await kubectl.RunAsync("delete", "fmd", "gone");

        await Eventually.HoldsAsync(
            () => kubectl.RunAsync("get", "deployments,replicasets,pods,services,serviceaccounts", "-l", "fleetops.dev/model=gone", "-o", "name"),
            names => names.Trim().Length == 0, TimeSpan.FromMinutes(2), "No child is left");
    }

    [Theory]
    [InlineData("source: pvc://demo-models/demo.gguf", "source: ftp://example.com/m.gguf", "spec.model.source")]
    [InlineData("contextLength: 512", "contextLength: -1", "spec.engine.contextLength")]
    [InlineData("replicas: 1", "replicas: -2", "spec.replicas")]
    [InlineData("gpus: 1", "gpus: many", "spec.resources.gpus")]
    [InlineData("cpu: 400m", "cpu: lots", "spec.resources.cpu")]
    public async Task A_wrong_manifest_is_refused_with_the_name_of_the_field(string right, string wrong, string field)
    {
        var manifest = Manifest.Model("wrong");
        Assert.Contains(right, manifest, StringComparison.Ordinal);

        var answer = await fleet.Kubectl.TryAsync(["apply", "-f", "-"], manifest.Replace(right, wrong, StringComparison.Ordinal));

        Assert.NotEqual(0, answer.ExitCode);
        Assert.Contains(field, answer.Error, StringComparison.Ordinal);
    }
}
