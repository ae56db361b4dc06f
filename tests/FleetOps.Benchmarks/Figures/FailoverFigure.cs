using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Fleet;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>
/// Two copies of the operator, users who make 100 changes a second, and SIGKILL for the leader. A change is lost when the Deployment has not got
/// the number of workers that its ModelDeployment asks for a minute after the last change. Without a leader is the time from the kill to the first change of a Deployment after the Lease
/// has another holder.
/// </summary>
internal sealed class FailoverFigure(Report report, string program)
{
    private const int Models = 400;
    private const int ChangesPerSecond = 100;
    private const int LeaseSeconds = 15;
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private string? _holder;
    private string? _killed;
    private long _takenAt;
    private long _firstAt;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await using var cluster = await BenchCluster.StartAsync(cancel);
        await using var watch = await FleetWatch.StartAsync(cluster, wholeDeployments: false, cancel);
        await using var leases = await WatchFeed.StartAsync(
            cluster.Admin, $"apis/coordination.k8s.io/v1/namespaces/{BenchCluster.SystemNamespace}/leases", "application/json", LeaseChanged, cancel);
        await using var leader = OperatorProcess.Start(program, cluster, "leader");
        await leader.UntilLeadingAsync(cancel);
        await using var standby = OperatorProcess.Start(program, cluster, "standby");
        await standby.UntilReadyAsync(cancel);
        var fleet = new ModelFleet(cluster);
        await fleet.PrepareAsync(cancel);
        await fleet.CreateAsync(0, Models, cancel);
        await watch.WhenAsync("the fleet is there", () => watch.Told == Models, TimeSpan.FromMinutes(3), cancel);
        await watch.QuietAsync(TimeSpan.FromSeconds(3), cancel);
        watch.DeploymentChanged = DeploymentChanged;

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var changes = ChangeAsync(cluster.Admin, enough.Token, cancel);
        await Task.Delay(Before, cancel);
        lock (_gate)
        {
            _killed = _holder;
        }

        var killedAt = Stopwatch.GetTimestamp();
        await leader.KillAsync();
        while (Interlocked.Read(ref _firstAt) == 0 && Stopwatch.GetElapsedTime(killedAt) < TimeSpan.FromSeconds(90))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancel);
        }

        await Task.Delay(After, cancel);
        await enough.CancelAsync();
        var (sent, seconds) = await changes;
        var lost = await LostAsync(cluster, cancel);
        for (var waited = Stopwatch.GetTimestamp(); lost > 0 && Stopwatch.GetElapsedTime(waited) < Patience; lost = await LostAsync(cluster, cancel))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        }

        report.AtMost("failover: changes lost after SIGKILL of the leader", lost, "changes", 0);
        report.AtMost("failover: SIGKILL to the new leader's first write", _firstAt == 0 ? double.PositiveInfinity : Seconds(killedAt, _firstAt), "s", LeaseSeconds + 2);
        report.Info("failover: SIGKILL to the Lease taken over", _takenAt == 0 ? double.PositiveInfinity : Seconds(killedAt, _takenAt), "s");
        report.Info("failover: changes made", sent, "changes");
        report.Info("failover: changes a second", sent / seconds, "1/s");
    }

    private static async Task<(int Sent, double Seconds)> ChangeAsync(ApiClient api, CancellationToken enough, CancellationToken cancel)
    {
        var running = new List<Task>();
        var began = Stopwatch.GetTimestamp();
        var sent = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!enough.IsCancellationRequested)
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(began).TotalSeconds * ChangesPerSecond); sent < due; sent++)
            {
                var (index, replicas) = (sent % Models, 3 + (sent / Models));
                running.Add(api.MergeAsync(
                    FleetNames.ModelPath(FleetNames.NamespaceOf(index), FleetNames.NameOf(index)),
                    string.Create(CultureInfo.InvariantCulture, $"{{\"spec\":{{\"replicas\":{replicas}}}}}"),
                    cancel));
            }

            await timer.WaitForNextTickAsync(cancel);
        }

        await Task.WhenAll(running);
        return (sent, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    private static async Task<int> LostAsync(BenchCluster cluster, CancellationToken cancel)
    {
        var asked = await ReplicasAsync(cluster, "apis/fleetops.dev/v1alpha1/modeldeployments", cancel);
        var given = await ReplicasAsync(cluster, "apis/apps/v1/deployments", cancel);
        return asked.Count(model => given.GetValueOrDefault(model.Key) != model.Value);
    }

    private static async Task<Dictionary<(string Namespace, string Name), int>> ReplicasAsync(BenchCluster cluster, string path, CancellationToken cancel) =>
        (await cluster.Admin.GetAsync(path, cancel))["items"]!.AsArray()
            .ToDictionary(item => ((string)item!["metadata"]!["namespace"]!, (string)item["metadata"]!["name"]!), item => (int)item!["spec"]!["replicas"]!);

    private void LeaseChanged(WatchedChange change)
    {
        var holder = change.Entity.GetProperty("spec").TryGetProperty("holderIdentity", out var identity) ? identity.GetString() : null;
        lock (_gate)
        {
            _holder = holder;
            if (_killed is not null && holder != _killed && _takenAt == 0 && !string.IsNullOrEmpty(holder))
            {
                _takenAt = change.At;
            }
        }
    }

    private void DeploymentChanged(WatchedChange change)
    {
        lock (_gate)
        {
            if (_takenAt != 0 && _firstAt == 0)
            {
                _firstAt = change.At;
            }
        }
    }

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;
}
