namespace FleetOps.EndToEnd.Tests;

/// <summary>`helm test` of the installed release: whoever installed FleetOps learns from it whether all of it works.</summary>
public sealed class HelmTestTests(InstalledFleetOps fleet)
{
    private const string Model = "fleetops-test";
    private const string Pod = "fleetops-test-ask";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Helm_test_serves_a_model_asks_it_and_leaves_nothing_but_its_log()
    {
        var kubectl = fleet.Kubectl.In(Helm.Namespace);
        var before = await ObjectsAsync(kubectl);
        (await Command.RunAsync(Repository.File("deploy", "local", "publish-model"), ["--namespace", Helm.Namespace, Repository.File("deploy", "models", "demo", "demo.gguf")])).Succeeded();
        try
        {
            var told = await new Helm(fleet).RunAsync(["test", Helm.Release, "--namespace", Helm.Namespace, "--timeout", "4m"]);

            Assert.Contains($" {Pod}\n", told, StringComparison.Ordinal);
            Assert.Matches(@"Phase:\s+Succeeded", told);
            Assert.DoesNotMatch(@"Phase:\s+(?!Succeeded)\w", told);
            Assert.Equal("Succeeded 0", await kubectl.RunAsync("get", "pod", Pod, "-o", "jsonpath={.status.phase} {.status.containerStatuses[0].state.terminated.exitCode}"));
            Assert.Matches(@"\w+ \w+", await kubectl.RunAsync("logs", Pod));

            // The model, its Service and all that the operator made for them go; the pod stays with its log.
            var (left, _) = await Eventually.HoldsAsync(
                () => ObjectsAsync(kubectl), objects => objects.Except(before, StringComparer.Ordinal).Count() == 1, Limit, "One object is left of the test");
            Assert.Equal([$"pod/{Pod}"], left.Except(before, StringComparer.Ordinal));
            Assert.Contains("Ready", await kubectl.RunAsync("get", "events", "--field-selector", $"involvedObject.name={Model}", "-o", "jsonpath={.items[*].reason}"), StringComparison.Ordinal);
        }
        finally
        {
            await kubectl.RunAsync("delete", "pod", Pod, "--ignore-not-found");
            await kubectl.RunAsync("delete", "persistentvolumeclaim", "demo-models", "--ignore-not-found");
        }
    }

    private static async Task<string[]> ObjectsAsync(Kubectl kubectl) =>
        (await kubectl.RunAsync("get", "modeldeployments,deployments,replicasets,pods,services,serviceaccounts,networkpolicies,poddisruptionbudgets", "-o", "name"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
