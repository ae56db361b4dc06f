using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>Models that go at the wrong moment.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class DeletionTests(FaultCluster cluster)
{
    [Fact]
    public async Task Nothing_is_made_for_a_model_that_went_while_no_operator_ran()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using (await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), leaderElect: false))
        {
            await fleet.CreateAsync("stays");
            await fleet.CreateAsync("goes");
            await fleet.ConvergesAsync();
        }

        await fleet.DeleteAsync("goes");
        // The Deployment is collected, the others are left over: a watch tells their owner, who is gone.
        Assert.True((await fleet.Namespace.Rest.DeleteAsync(fleet.Children("goes").First())).IsSuccess);
        await using var reconciler = await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), leaderElect: false);
        await fleet.Namespace.Rest.MergeAsync($"{fleet.Namespace.Services}/goes", """{"metadata":{"labels":{"touched":"true"}}}""");
        await fleet.CreateAsync("new");
        await fleet.Namespace.AwaitAsync($"{fleet.Namespace.Models}/new", m => m["status"] is not null, "a new model is served");
        await Eventually.FindAsync("every model was looked at", () => Task.FromResult(reconciler.Reconciles.All >= reconciler.Models.Count ? this : null));

        Assert.DoesNotContain(reconciler.Requests.Writes, write => write.Contains("/goes", StringComparison.Ordinal));
        Assert.Equal(0, reconciler.Reconciles.Failed);
        Assert.Empty(reconciler.OwnWarnings);
    }

    [Fact]
    public async Task Models_that_go_while_the_operator_starts_cause_no_trouble_that_lasts()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        for (var i = 0; i < 30; i++)
        {
            await fleet.CreateAsync($"m{i}");
        }

        var starting = OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), leaderElect: false, untilReady: false);
        await Task.WhenAll(fleet.Wanted.Keys.ToList().Where((_, i) => i % 2 == 0).Select(fleet.DeleteAsync));
        await using var reconciler = await starting;

        await fleet.ConvergesAsync();
        var (_, failed) = reconciler.Reconciles;
        var writes = reconciler.Requests.Writes.Count;
        await fleet.CreateAsync("last");
        await fleet.ConvergesAsync();

        Assert.Equal(failed, reconciler.Reconciles.Failed);
        Assert.DoesNotContain(reconciler.Requests.Writes.Skip(writes), write => fleet.Gone.Any(name => write.Contains($"/{name}?", StringComparison.Ordinal)));
        Assert.Empty(reconciler.OwnWarnings);
    }
}
