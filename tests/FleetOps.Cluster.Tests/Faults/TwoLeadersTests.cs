using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>The election is made to fail: two operators act on the same models.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class TwoLeadersTests(FaultCluster cluster)
{
    [Fact]
    public async Task Two_that_both_believe_to_lead_corrupt_nothing_and_come_to_rest()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using (var elected = await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration()))
        {
            await using var usurper = await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), leaderElect: false);
            await Eventually.FindAsync("one is elected", () => Task.FromResult(elected.Leads ? this : null));
            for (var i = 0; i < 20; i++)
            {
                await fleet.CreateAsync($"m{i}");
            }

            for (var round = 2; round < 12; round++)
            {
                foreach (var name in fleet.Wanted.Keys.ToList())
                {
                    await fleet.ScaleAsync(name, round);
                }
            }

            await fleet.ConvergesAsync();
            Assert.All([elected, usurper], one => Assert.NotEmpty(one.Requests.Writes));

            // Each looks at every model once more, and neither finds anything to put right.
            var rest = await RestAsync([elected, usurper]);
            await TouchAsync(fleet, [elected, usurper]);
            Assert.Equal(rest, await RestAsync([elected, usurper]));
        }

        await Fleet.NothingIsLeftToWriteAsync(cluster.Server);
    }

    /// <summary>Waits until both have nothing in work and returns how much they have written.</summary>
    private static async Task<int> RestAsync(IReadOnlyList<OperatorUnderFaults> operators)
    {
        var before = (-1, -1);
        await Eventually.FindAsync("both come to rest", async () =>
        {
            var now = (operators.Sum(one => one.Reconciles.All), operators.Sum(one => one.Requests.Writes.Count(IsNoEvent)));
            var isAtRest = now == before && operators.All(one => one.IsIdle);
            before = now;
            await Task.Delay(500, TestContext.Current.CancellationToken);
            return isAtRest ? operators : null;
        });
        return before.Item2;
    }

    private static async Task TouchAsync(Fleet fleet, IReadOnlyList<OperatorUnderFaults> operators)
    {
        var reconciles = operators.Select(one => one.Reconciles.All + fleet.Wanted.Count).ToList();
        foreach (var name in fleet.Wanted.Keys)
        {
            await fleet.Namespace.Rest.MergeAsync($"{fleet.Namespace.Deployments}/{name}", """{"metadata":{"annotations":{"example.com/touched":"true"}}}""");
        }

        await Eventually.FindAsync("both look at every model", () => Task.FromResult(operators.Select((one, i) => one.Reconciles.All >= reconciles[i]).All(seen => seen) ? operators : null));
    }

    // Both tell what they see; two events of one kind are merged by the server's users, not by the operators.
    private static bool IsNoEvent(string write) => !write.Contains("/events", StringComparison.Ordinal);
}
