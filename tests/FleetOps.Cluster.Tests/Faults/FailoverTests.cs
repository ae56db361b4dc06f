using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>Two processes of the operator, of which the leading one is killed.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class FailoverTests(FaultCluster cluster)
{
    private const int Models = 48;
    private const int Writers = 8;
    private const string Leases = $"apis/coordination.k8s.io/v1/namespaces/{OperatorUnderFaults.LeaseNamespace}/leases/fleetops-operator";

    [Fact]
    public async Task A_leader_that_is_killed_while_every_model_changes_is_replaced_and_no_change_is_lost()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using (var leader = OperatorProcess.Start(cluster.Server))
        {
            await AwaitLogAsync(leader, " leads; ");
            await using var standby = OperatorProcess.Start(cluster.Server);
            await AwaitLogAsync(standby, "are synced");
            for (var i = 0; i < Models; i++)
            {
                await fleet.CreateAsync($"m{i}");
            }

            await fleet.CreateAsync("probe");
            await fleet.ConvergesAsync();

            using var enough = new CancellationTokenSource();
            var started = Stopwatch.GetTimestamp();
            var changing = Task.WhenAll(Enumerable.Range(0, Writers).Select(part => ChangeAsync(fleet, part, enough.Token)));
            await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
            var dead = (string)(await cluster.Rest.GetAsync(Leases)).Body["spec"]!["holderIdentity"]!;
            await leader.KillAsync();
            var killed = Stopwatch.GetTimestamp();
            await fleet.ScaleAsync("probe", 999);
            await AwaitAsync(Leases, lease => (string?)lease["spec"]?["holderIdentity"] is { Length: > 0 } holder && holder != dead, "the successor leads");
            var takeover = Stopwatch.GetElapsedTime(killed);
            await AwaitAsync($"{fleet.Namespace.Deployments}/probe", d => (int)d["spec"]!["replicas"]! == 999, "the successor works");
            var failover = Stopwatch.GetElapsedTime(killed);
            await enough.CancelAsync();
            var changes = (await changing).Sum();
            var rate = changes / Stopwatch.GetElapsedTime(started).TotalSeconds;

            var done = Stopwatch.GetTimestamp();
            await fleet.ConvergesAsync();
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"SIGKILL: the successor led after {takeover.TotalSeconds:0.00} s, its first write was there after {failover.TotalSeconds:0.00} s; {changes} changes at {rate:0}/s; all in place {Stopwatch.GetElapsedTime(done).TotalSeconds:0.00} s after the last"));
            Assert.True(changes > Models, $"{changes} changes are too few to have met the moment.");
        }

        // The process was killed, so nobody has given its lease back.
        await cluster.Rest.DeleteAsync(Leases);
        await Fleet.NothingIsLeftToWriteAsync(cluster.Server);
    }

    private static async Task<int> ChangeAsync(Fleet fleet, int part, CancellationToken enough)
    {
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(10 * Writers));
        var changes = 0;
        while (!enough.IsCancellationRequested)
        {
            await beat.WaitForNextTickAsync(CancellationToken.None);
            await fleet.ScaleAsync($"m{part + (Writers * (changes % (Models / Writers)))}", 2 + (changes % 900));
            changes++;
        }

        return changes;
    }

    // Looks seldom: on a small machine the looking would slow down what is looked for.
    private async Task AwaitAsync(string path, Func<JsonNode, bool> holds, string what) => await Eventually.FindAsync(
        what,
        async () =>
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            return holds((await cluster.Rest.GetAsync(path)).Body) ? this : null;
        });

    private static async Task AwaitLogAsync(OperatorProcess process, string text) =>
        await Eventually.FindAsync($"the operator logs '{text}'", () => Task.FromResult(process.Log.Contains(text, StringComparison.Ordinal) ? process : null));
}
