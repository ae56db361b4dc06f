using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Fleet;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>A cluster with an operator and a fleet of ready ModelDeployments that can grow, shared by the figures that need one.</summary>
internal sealed class RunningFleet : IAsyncDisposable
{
    private readonly WorkerAnswers _workers;
    private readonly PlayedNodes _nodes;
    private readonly ModelFleet _fleet;
    private readonly string _program;
    private int _restarts;

    private RunningFleet(WorkerAnswers workers, BenchCluster cluster, FleetWatch watch, PlayedNodes nodes, OperatorProcess running, string program)
    {
        _workers = workers;
        Cluster = cluster;
        Watch = watch;
        _nodes = nodes;
        Operator = running;
        _program = program;
        _fleet = new ModelFleet(cluster);
        watch.DeploymentChanged = change =>
        {
            nodes.DeploymentChanged(change);
            DeploymentChanged?.Invoke(change);
        };
    }

    public BenchCluster Cluster { get; }

    public FleetWatch Watch { get; }

    /// <summary>The operator that runs now.</summary>
    public OperatorProcess Operator { get; private set; }

    /// <summary>ModelDeployments that are there.</summary>
    public int Count { get; private set; }

    /// <summary>Also called for each change to a Deployment.</summary>
    public Action<WatchedChange>? DeploymentChanged { get; set; }

    public static async Task<RunningFleet> StartAsync(string program, CancellationToken cancel)
    {
        var workers = await WorkerAnswers.StartAsync();
        BenchCluster? cluster = null;
        try
        {
            cluster = await BenchCluster.StartAsync(cancel);
            var watch = await FleetWatch.StartAsync(cluster, wholeDeployments: true, cancel);
            var fleet = new RunningFleet(workers, cluster, watch, new PlayedNodes(cluster), OperatorProcess.Start(program, cluster), program);
            await fleet.Operator.UntilLeadingAsync(cancel);
            await fleet._fleet.PrepareAsync(cancel);
            return fleet;
        }
        catch
        {
            if (cluster is not null)
            {
                await cluster.DisposeAsync();
            }

            await workers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates ModelDeployments until there are so many, and waits until all are ready and nothing moves.</summary>
    public async Task GrowAsync(int count, CancellationToken cancel)
    {
        if (count > Count)
        {
            Progress.Say(string.Create(CultureInfo.InvariantCulture, $"growing the fleet from {Count} to {count} ready ModelDeployments"));
            await _fleet.CreateAsync(Count, count, cancel);
            Count = count;
            await UntilAllReadyAsync(cancel);
        }

        await SettleAsync(cancel);
    }

    /// <summary>Changes <c>spec.replicas</c> of one ModelDeployment.</summary>
    public Task ScaleAsync(int index, int replicas, CancellationToken cancel) => Cluster.Admin.MergeAsync(
        FleetNames.ModelPath(FleetNames.NamespaceOf(index), FleetNames.NameOf(index)), string.Create(CultureInfo.InvariantCulture, $"{{\"spec\":{{\"replicas\":{replicas}}}}}"), cancel);

    /// <summary>Takes changes to <c>spec.replicas</c> back and waits until all are ready again.</summary>
    public async Task RestoreAsync(IEnumerable<int> changed, CancellationToken cancel)
    {
        foreach (var index in changed.Distinct())
        {
            await ScaleAsync(index, 2, cancel);
        }

        await UntilAllReadyAsync(cancel);
        await SettleAsync(cancel);
    }

    /// <summary>Waits until nothing moves any more.</summary>
    public async Task SettleAsync(CancellationToken cancel)
    {
        await Watch.QuietAsync(TimeSpan.FromSeconds(10), cancel);
        await Operator.UntilCaughtUpAsync(cancel);
    }

    /// <summary>Starts an operator in the place of the one that has been ended.</summary>
    public async Task<OperatorProcess> StartAgainAsync()
    {
        await Operator.DisposeAsync();
        return Operator = OperatorProcess.Start(_program, Cluster, string.Create(CultureInfo.InvariantCulture, $"operator-{++_restarts}"));
    }

    private Task<long> UntilAllReadyAsync(CancellationToken cancel) =>
        Watch.WhenAsync("all ModelDeployments are ready", () => Watch.Ready == Count && Watch.Told == Count, TimeSpan.FromMinutes(15), cancel);

    public async ValueTask DisposeAsync()
    {
        await _nodes.DisposeAsync();
        await Operator.DisposeAsync();
        await Watch.DisposeAsync();
        await Cluster.DisposeAsync();
        await _workers.DisposeAsync();
    }
}
