namespace FleetOps.EndToEnd.Tests;

/// <summary>A namespace that one test has for itself. Its models are deleted with it, so that the next test finds free CPUs.</summary>
internal sealed class TestNamespace : IAsyncDisposable
{
    private TestNamespace(Kubectl kubectl) => Kubectl = kubectl;

    public Kubectl Kubectl { get; }

    public static async Task<TestNamespace> CreateAsync(Kubectl cluster, string name, string test)
    {
        await cluster.RunAsync("create", "namespace", name);
        await cluster.RunAsync("annotate", "namespace", name, $"fleetops.dev/test={test}");
        return new(cluster.In(name));
    }

    /// <summary>Puts a file onto the claim `demo-models` of this namespace.</summary>
    public async Task PublishModelAsync(string file) =>
        (await Command.RunAsync(Repository.File("deploy", "local", "publish-model"), ["--namespace", Kubectl.Namespace, file])).Succeeded();

    public async ValueTask DisposeAsync()
    {
        // Kept for whoever has to find out why a test failed.
        var state = await Kubectl.TryAsync(["get", "fmd,deployments,pods,services,events", "-o", "wide"]);
        var description = await Kubectl.TryAsync(["describe", "fmd,pods"]);
        await File.WriteAllTextAsync(Repository.File("artifacts", "test-results", Kubectl.Namespace + ".txt"), state.Output + description.Output);

        await Kubectl.TryAsync(["delete", "fmd", "--all", "--timeout=60s"], limit: TimeSpan.FromSeconds(90));
        await Kubectl.TryAsync(["delete", "namespace", Kubectl.Namespace, "--wait=false"]);
    }
}
