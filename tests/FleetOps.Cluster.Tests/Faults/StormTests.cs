using System.Diagnostics;
using System.Globalization;
using FleetOps.Cluster.Tests.Operator;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>Errors, refusals, time-outs and broken connections, on and on, while models come, change and go.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class StormTests(FaultCluster cluster)
{
    /// <summary>Seconds of faults; FLEETOPS_FAULT_SECONDS lengthens them.</summary>
    private static readonly int Seconds = int.TryParse(Environment.GetEnvironmentVariable("FLEETOPS_FAULT_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 40;

    private const int LongestTimes = 5;

    [Fact]
    public async Task Whatever_happens_to_requests_and_watches_everything_planned_is_there_in_the_end()
    {
        await using var fleet = new Fleet(await cluster.NewNamespaceAsync());
        var schedule = new FaultSchedule(seed: 20260101);
        await using (var proxy = await FaultProxy.StartAsync(cluster.Server, schedule))
        {
            await using var reconciler = await OperatorUnderFaults.StartAsync(proxy.Configuration);
            await proxy.StormAsync();
            var changes = await DisturbAsync(fleet, TimeSpan.FromSeconds(Seconds), schedule);
            await proxy.CalmAsync();
            var calm = Stopwatch.GetTimestamp();
            await fleet.ConvergesAsync();
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{Seconds} s, seed {schedule.Seed}: {string.Join(", ", schedule.Chosen.Select(pair => $"{pair.Key} {pair.Value}"))}; {changes} changes of {fleet.Wanted.Count + fleet.Gone.Count} models, {reconciler.Reconciles.All} reconciles of which {reconciler.Reconciles.Failed} failed; right {Stopwatch.GetElapsedTime(calm).TotalSeconds:0.0} s after the last fault"));
            Assert.All(Enum.GetValues<Fault>(), fault => Assert.True(schedule.Chosen.GetValueOrDefault(fault) > 0, $"{fault} never happened"));
        }

        await Fleet.NothingIsLeftToWriteAsync(cluster.Server);
    }

    // A busy machine sends few requests; the rare faults then need longer to come.
    private static async Task<int> DisturbAsync(Fleet fleet, TimeSpan span, FaultSchedule schedule)
    {
        var random = new Random(7);
        var started = Stopwatch.GetTimestamp();
        var changes = 0;
        for (; Stopwatch.GetElapsedTime(started) is var passed && (passed < span || (passed < LongestTimes * span && schedule.Chosen.Count < Enum.GetValues<Fault>().Length)); changes++)
        {
            var names = fleet.Wanted.Keys.ToList();
            switch (random.Next(10))
            {
                case < 2 when names.Count < 60:
                    await fleet.CreateAsync($"m{changes}");
                    break;
                case 2 when names.Count > 10:
                    await fleet.DeleteAsync(names[random.Next(names.Count)]);
                    break;
                case 3 when names.Count > 0:
                    await fleet.Namespace.Rest.DeleteAsync(fleet.Children(names[random.Next(names.Count)]).ElementAt(random.Next(4)));
                    break;
                case 4 when names.Count > 0:
                    await fleet.Namespace.Rest.MergeAsync($"{fleet.Namespace.Deployments}/{names[random.Next(names.Count)]}", """{"spec":{"replicas":77}}""");
                    break;
                case > 4 when names.Count > 0:
                    await fleet.ScaleAsync(names[random.Next(names.Count)], random.Next(2, 50));
                    break;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return changes;
    }
}
