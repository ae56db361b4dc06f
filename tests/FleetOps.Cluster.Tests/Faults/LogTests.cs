using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>What a process of the operator logs in a cluster, where nobody watches its terminal.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class LogTests(FaultCluster cluster)
{
    private const string Leases = $"apis/coordination.k8s.io/v1/namespaces/{OperatorUnderFaults.LeaseNamespace}/leases/fleetops-operator";

    [Fact]
    public async Task A_line_tells_in_json_which_object_it_is_about_and_which_reconcile_wrote_it()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using (var running = OperatorProcess.Start(cluster.Server))
        {
            await fleet.CreateAsync("logged");
            var line = (await Eventually.FindAsync(
                "the children are told",
                () => Task.FromResult(running.Log.Split('\n').FirstOrDefault(line => line.Contains($"{fleet.Namespace.Name}/logged: wrote", StringComparison.Ordinal))),
                TimeSpan.FromMinutes(1))).Found;

            var scope = JsonNode.Parse(line)!["Scopes"]!.AsArray().Single(scope => scope is JsonObject && scope["reconcileID"] is not null)!;
            Assert.Equal((fleet.Namespace.Name, "logged", "modeldeployment"), ((string?)scope["namespace"], (string?)scope["name"], (string?)scope["controller"]));
            Assert.Matches("^[0-9a-f]{32}$", (string?)scope["reconcileID"]);
        }

        // The process was killed, so nobody has given its lease back.
        await cluster.Rest.DeleteAsync(Leases);
    }
}
