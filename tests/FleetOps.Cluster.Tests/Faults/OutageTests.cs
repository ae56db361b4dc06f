using System.Diagnostics;
using System.Globalization;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>The API server goes, comes back, and does not remember.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class OutageTests(FaultCluster cluster)
{
    [Fact]
    public async Task A_burst_in_whose_middle_the_API_server_is_killed_ends_right()
    {
        const int Models = 200;
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async part =>
        {
            for (var i = part; i < Models; i += 8)
            {
                await fleet.CreateAsync($"m{i}");
            }
        }));
        await using (var reconciler = await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), untilReady: false))
        {
            await Eventually.FindAsync("the operator is in the middle of it", () => Task.FromResult(reconciler.Reconciles.All > 20 ? this : null));

            await cluster.Server.KillServerAsync();
            var before = reconciler.Requests.Writes.Count;
            await Eventually.FindAsync("the operator notices", () => Task.FromResult(reconciler.Reconciles.Failed > 0 ? this : null));
            await cluster.Server.StartServerAsync(TestContext.Current.CancellationToken);
            var back = Stopwatch.GetTimestamp();

            await fleet.ConvergesAsync();
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{before} writes were answered before the kill; {reconciler.Reconciles.Failed} of {reconciler.Reconciles.All} reconciles failed; right {Stopwatch.GetElapsedTime(back).TotalSeconds:0.0} s after the server was back"));
            Assert.True(before < Models * 5, $"All {before} writes were made before the server was killed.");
        }

        await Fleet.NothingIsLeftToWriteAsync(cluster.Server);
    }

    [Fact]
    public async Task Deletions_that_no_watch_can_tell_any_more_are_found_by_a_new_list()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using var proxy = await FaultProxy.StartAsync(cluster.Server, new FaultSchedule(seed: 1));
        await using var reconciler = await OperatorUnderFaults.StartAsync(proxy.Configuration, leaderElect: false);
        foreach (var name in new[] { "kept", "changed", "bare", "gone" })
        {
            await fleet.CreateAsync(name);
        }

        await fleet.ConvergesAsync();

        await proxy.CloseAsync();
        await fleet.DeleteAsync("gone");
        await fleet.CollectChildrenAsync("gone");
        await fleet.CollectChildrenAsync("bare");
        await fleet.ScaleAsync("changed", 5);
        await fleet.CreateAsync("new");
        await cluster.Server.KillServerAsync();
        await cluster.Server.CompactAsync(TestContext.Current.CancellationToken);
        await cluster.Server.StartServerAsync(TestContext.Current.CancellationToken);
        var writes = reconciler.Requests.Writes.Count;
        proxy.Open();

        await fleet.ConvergesAsync();
        Assert.True(proxy.Expired > 0, "No watch was told that its version is too old.");
        await Eventually.FindAsync("the deletion is heard of", () => Task.FromResult(reconciler.Models.Get(new(fleet.Namespace.Name, "gone")) is null ? this : null));
        Assert.DoesNotContain(reconciler.Requests.Writes.Skip(writes), write => write.Contains("/kept", StringComparison.Ordinal));

        // The list of the children may have come before that of the models; from now on nothing is made for what is gone.
        await fleet.CollectChildrenAsync("gone");
        writes = reconciler.Requests.Writes.Count;
        await fleet.CreateAsync("last");
        await fleet.ConvergesAsync();
        Assert.DoesNotContain(reconciler.Requests.Writes.Skip(writes), write => write.Contains("/gone", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_definition_that_is_removed_is_told_and_one_that_comes_back_is_served()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        await using var reconciler = await OperatorUnderFaults.StartAsync(cluster.Server.CreateConfiguration(), leaderElect: false);
        await fleet.CreateAsync("before");
        await fleet.ConvergesAsync();

        Assert.True((await cluster.Rest.DeleteAsync($"{RestClient.Definitions}/modeldeployments.fleetops.dev")).IsSuccess);
        await Eventually.FindAsync(
            "the operator tells that the kind is gone",
            () => Task.FromResult(reconciler.Problems.Contains("modeldeployments.fleetops.dev", StringComparison.Ordinal) && reconciler.Warnings.Any(line => line.Contains("CustomResourceDefinition", StringComparison.Ordinal)) ? this : null));
        Assert.Empty(reconciler.Health.LivenessProblems());
        await Eventually.FindAsync("the definition is gone", async () => await cluster.Rest.GetAsync($"{RestClient.Definitions}/modeldeployments.fleetops.dev") is { IsSuccess: false } ? this : null);

        await cluster.InstallDefinitionAsync();
        await fleet.CreateAsync("after");
        fleet.Wanted.TryRemove("before", out _);
        fleet.Gone.Add("before");

        await fleet.ConvergesAsync();
        await Eventually.FindAsync("the trouble is over", () => Task.FromResult(reconciler.Problems.Contains("modeldeployments.fleetops.dev", StringComparison.Ordinal) ? null : this));
        Assert.Null(reconciler.Models.Get(new(fleet.Namespace.Name, "before")));
    }
}
