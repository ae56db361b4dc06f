using System.Diagnostics;
using System.Text.Json;
using FleetOps.Benchmarks.Cluster;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>
/// Sees by watches which children exist and what the ModelDeployments tell: one watch of ModelDeployments, and one of each kind of child by
/// metadata alone, whoever writes them. Thread-safe.
/// </summary>
internal sealed class FleetWatch : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<WatchFeed> _feeds = [];
    private readonly Dictionary<(string Namespace, string Name), (long Generation, long Observed, bool Ready)> _models = [];
    private readonly HashSet<(string Kind, string Namespace, string Name)> _children = [];
    private readonly List<(Func<bool> Holds, TaskCompletionSource<long> Done)> _waiting = [];
    private int _measured;
    private int _told;
    private int _ready;
    private long _last = Stopwatch.GetTimestamp();

    private FleetWatch(IReadOnlyList<ChildKind> kinds) => Kinds = kinds;

    /// <summary>The kinds that are watched.</summary>
    public IReadOnlyList<ChildKind> Kinds { get; }

    /// <summary>Children in the namespaces of the fleet. Read it only in a condition of <see cref="WhenAsync"/>.</summary>
    public int Children => _measured;

    /// <summary>ModelDeployments of the fleet whose status is of their present generation. Read as <see cref="Children"/>.</summary>
    public int Told => _told;

    /// <summary>ModelDeployments of the fleet that are ready. Read as <see cref="Children"/>.</summary>
    public int Ready => _ready;

    /// <summary>Children in the namespace for warming up. Read as <see cref="Children"/>.</summary>
    public int WarmUpChildren => _children.Count - _measured;

    /// <summary>Called for each change to a Deployment, while nothing else is counted.</summary>
    public Action<WatchedChange>? DeploymentChanged { get; set; }

    /// <summary>Starts to watch.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="wholeDeployments">Whether <see cref="DeploymentChanged"/> needs more of a Deployment than its metadata.</param>
    /// <param name="cancel">Gives up starting.</param>
    public static async Task<FleetWatch> StartAsync(BenchCluster cluster, bool wholeDeployments, CancellationToken cancel)
    {
        var watch = new FleetWatch(await ChildKind.FindAsync(cluster.Admin, cancel));
        watch._feeds.Add(await WatchFeed.StartAsync(cluster.Admin, "apis/fleetops.dev/v1alpha1/modeldeployments", "application/json", watch.ModelChanged, cancel));
        foreach (var kind in watch.Kinds)
        {
            var accept = wholeDeployments && kind.Kind == "Deployment" ? "application/json" : ApiClient.MetadataOnly;
            watch._feeds.Add(await WatchFeed.StartAsync(cluster.Admin, kind.Everywhere, accept, change => watch.ChildChanged(kind.Kind, change), cancel));
        }

        return watch;
    }

    /// <summary>Waits until something holds, which is asked after each change.</summary>
    /// <returns>Timestamp of <see cref="Stopwatch"/> at which the change came that made it hold.</returns>
    public async Task<long> WhenAsync(string what, Func<bool> holds, TimeSpan limit, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (holds())
            {
                return Stopwatch.GetTimestamp();
            }

            _waiting.Add((holds, done));
        }

        try
        {
            return await done.Task.WaitAsync(limit, cancel);
        }
        catch (TimeoutException e)
        {
            lock (_gate)
            {
                throw new InvalidOperationException($"Not within {limit.TotalSeconds} s: {what}. There are {_measured} children, {_models.Count} ModelDeployments, {_told} with a status of their generation, {_ready} ready.", e);
            }
        }
    }

    /// <summary>Waits until nothing has changed for a while.</summary>
    public async Task QuietAsync(TimeSpan quiet, CancellationToken cancel)
    {
        while (true)
        {
            TimeSpan since;
            lock (_gate)
            {
                since = Stopwatch.GetElapsedTime(_last);
            }

            if (since >= quiet)
            {
                return;
            }

            await Task.Delay(quiet - since + TimeSpan.FromMilliseconds(10), cancel);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var feed in _feeds)
        {
            await feed.DisposeAsync();
        }
    }

    private void ModelChanged(WatchedChange change)
    {
        var status = change.Entity.TryGetProperty("status", out var told) ? told : default;
        var observed = status.ValueKind == JsonValueKind.Object && status.TryGetProperty("observedGeneration", out var generation) ? generation.GetInt64() : 0;
        var now = (change.Generation, observed, IsReady(status));
        lock (_gate)
        {
            if (change.Namespace != FleetNames.WarmUp)
            {
                Count(_models.GetValueOrDefault((change.Namespace, change.Name)), -1);
                Count(change.Type == "DELETED" ? default : now, 1);
                _models[(change.Namespace, change.Name)] = change.Type == "DELETED" ? default : now;
            }

            Ask(change.At);
        }
    }

    private void Count((long Generation, long Observed, bool Ready) model, int by)
    {
        _told += model.Generation > 0 && model.Observed == model.Generation ? by : 0;
        _ready += model.Ready ? by : 0;
    }

    private static bool IsReady(JsonElement status)
    {
        if (status.ValueKind == JsonValueKind.Object && status.TryGetProperty("conditions", out var conditions))
        {
            foreach (var condition in conditions.EnumerateArray())
            {
                if (condition.GetProperty("type").ValueEquals("Ready"))
                {
                    return condition.GetProperty("status").ValueEquals("True");
                }
            }
        }

        return false;
    }

    private void ChildChanged(string kind, WatchedChange change)
    {
        if (!IsChild(change))
        {
            return;
        }

        lock (_gate)
        {
            var key = (kind, change.Namespace, change.Name);
            var difference = change.Type == "DELETED" ? (_children.Remove(key) ? -1 : 0) : (_children.Add(key) ? 1 : 0);
            _measured += change.Namespace == FleetNames.WarmUp ? 0 : difference;
            if (kind == "Deployment")
            {
                DeploymentChanged?.Invoke(change);
            }

            Ask(change.At);
        }
    }

    private static bool IsChild(WatchedChange change)
    {
        if (change.Metadata.TryGetProperty("ownerReferences", out var owners))
        {
            foreach (var owner in owners.EnumerateArray())
            {
                if (owner.GetProperty("kind").ValueEquals("ModelDeployment"))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Ask(long at)
    {
        _last = at;
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].Holds())
            {
                _waiting[i].Done.TrySetResult(at);
                _waiting.RemoveAt(i);
            }
        }
    }
}
