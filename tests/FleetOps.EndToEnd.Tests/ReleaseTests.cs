using System.Text.Json.Nodes;

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// The life of a release, by the real Helm, while models serve: whatever is done with the operator, workers go on. It is the release that all tests share;
/// in the end it is as they expect it.
/// </summary>
public sealed class ReleaseTests(InstalledFleetOps fleet)
{
    private const string Operator = "deployment/fleetops-operator";
    private const string Model = "chat";
    private static readonly string Chart = Repository.File("charts", "fleetops");
    private static readonly string[] InItsNamespace = ["--namespace", Helm.Namespace, "--wait", "--timeout", "5m"];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Helm _helm = new(fleet);
    private readonly Kubectl _system = fleet.Kubectl.In(Helm.Namespace);

    [Fact]
    public async Task Models_serve_while_FleetOps_is_upgraded_rolled_back_removed_and_installed_again()
    {
        var values = await _helm.RunAsync(["get", "values", Helm.Release, "--namespace", Helm.Namespace, "--output", "json"]);
        var image = JsonNode.Parse(values)!["images"]!["operator"]!;
        using var previous = await PreviousVersion.MakeAsync(_helm, $"{image["repository"]}:{image["tag"]}");
        await using var space = await fleet.NewNamespaceAsync();
        try
        {
            await _helm.RunAsync(["upgrade", Helm.Release, previous.Package, .. InItsNamespace, "--values", "-", "--set", "operator.replicas=2", "--set-string", $"images.operator.tag={PreviousVersion.Version}"], values);
            Assert.Equal($"{previous.Image} 2", await OperatorAsync());
            Assert.DoesNotContain("ENDPOINT", await space.Kubectl.RunAsync("get", "fmd", "--all-namespaces", "-o", "wide"), StringComparison.Ordinal);
            var revision = await RevisionAsync();

            var models = new InstalledModels(_helm, space.Kubectl);
            await models.ApplyAsync("install", replicas: 1);
            await space.Kubectl.ApplyAsync(Manifest.Model("own", replicas: 0));
            await space.Kubectl.WaitAsync($"fmd/{Model}", "condition=Ready", Limit);
            var demo = await WorkersAsync(fleet.Kubectl.Namespace);
            var workers = await AllAsync();
            Assert.True(workers.Length >= 2, "The demo and the model of this test have a worker each.");

            await using (var callers = await SteadyCallers.StartAsync(space.Kubectl, Model, callers: 2))
            {
                await callers.DuringAsync("the upgrade", () => OneAtATimeAsync(
                    ["upgrade", Helm.Release, Chart, .. InItsNamespace, "--values", "-", "--set", "operator.replicas=2"], values));
                Assert.Equal($"{image["repository"]}:{image["tag"]} 2", await OperatorAsync());
                Assert.Contains("ENDPOINT", await space.Kubectl.RunAsync("get", "fmd", "--all-namespaces", "-o", "wide"), StringComparison.Ordinal);
                Assert.Equal(workers, await AllAsync());

                await callers.DuringAsync("the rollback", () => OneAtATimeAsync(["rollback", Helm.Release, revision, .. InItsNamespace]));
                Assert.Equal($"{previous.Image} 2", await OperatorAsync());
                Assert.Equal(workers, await AllAsync());

                await callers.DuringAsync("the removal", RemoveAsync);
                Assert.Equal(workers, await AllAsync());

                await callers.DuringAsync("the installation", () => _helm.RunAsync(["install", Helm.Release, Chart, .. InItsNamespace, "--values", "-", "--set", "operator.replicas=2"], values));
                Assert.Equal(workers, await AllAsync());

                // The operator that was installed again has them in hand.
                await callers.DuringAsync("the upgrade of the models", async () =>
                {
                    await models.ApplyAsync("upgrade", replicas: 2);
                    await Eventually.HoldsAsync(
                        () => space.Kubectl.RunAsync("get", "fmd", Model, "-o", "jsonpath={.status.readyReplicas}/{.status.replicas}"), ready => ready == "2/2", Limit, "Two ready workers");
                });
                Assert.Superset(workers.ToHashSet(), (await AllAsync()).ToHashSet());
            }

            await models.RemoveAsync();
            await Eventually.HoldsAsync(() => space.Kubectl.RunAsync("get", "fmd", "-o", "name"), names => names == "modeldeployment.fleetops.dev/own", Limit, "Only the model that was applied by hand is left");
            Assert.Equal(demo, await WorkersAsync(fleet.Kubectl.Namespace));
        }
        finally
        {
            await _helm.RestoreAsync();
        }

        Task<string[]> AllAsync() => WorkersAsync(fleet.Kubectl.Namespace, space.Kubectl.Namespace);
    }

    /// <summary>Changes the release; meanwhile copies of the operator are replaced one after another and never are all of them missing.</summary>
    private async Task OneAtATimeAsync(string[] arguments, string? input = null)
    {
        using var watch = await Watch.StartAsync(_system, Operator, "{.status.replicas} {.status.availableReplicas}");
        await _helm.RunAsync(arguments, input);
        await Eventually.HoldsAsync(
            () => Task.FromResult(string.Join(", ", watch.States)), states => states.Contains("3 2, ", StringComparison.Ordinal) && states.EndsWith("2 2", StringComparison.Ordinal), Limit, "A third operator comes before one of the two goes");

        // What is added up may be of different moments, so that there may seem to be more.
        Assert.All(watch.States, state => Assert.Matches("^[1-9] [1-9]$", state));
    }

    private async Task RemoveAsync()
    {
        await _helm.RunAsync(["uninstall", Helm.Release, .. InItsNamespace]);
        await Eventually.HoldsAsync(
            () => _system.RunAsync("get", "deployments,pods", "-l", "app.kubernetes.io/instance=fleetops", "-o", "name"), names => names.Length == 0, Limit, "No operator is left");
    }

    /// <summary>Image and number of copies that are ready.</summary>
    private Task<string> OperatorAsync() =>
        _system.RunAsync("get", Operator, "-o", "jsonpath={.spec.template.spec.containers[0].image} {.status.readyReplicas}");

    private async Task<string> RevisionAsync() =>
        JsonNode.Parse(await _helm.RunAsync(["status", Helm.Release, "--namespace", Helm.Namespace, "--output", "json"]))!["version"]!.ToString();

    /// <summary>The workers of models in these namespaces: who they are, and how often they started.</summary>
    private async Task<string[]> WorkersAsync(params string[] namespaces)
    {
        const string text = """jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.uid} {.status.containerStatuses[0].restartCount}{"\n"}{end}""";
        var lists = await Task.WhenAll(namespaces.Select(name => fleet.Kubectl.In(name).RunAsync("get", "pods", "-l", "fleetops.dev/model", "-o", text)));
        return [.. lists.SelectMany(list => list.Split('\n', StringSplitOptions.RemoveEmptyEntries)).Order(StringComparer.Ordinal)];
    }
}
