using System.Diagnostics;
using System.Globalization;
using System.Net;
using FleetOps.Benchmarks.Cluster;
using FleetOps.TestCluster;

namespace FleetOps.Benchmarks.Processes;

/// <summary>The operator as a process of its own, with the rights that the chart gives it. It ends with this object, or with the harness however that ends.</summary>
internal sealed class OperatorProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly ServerProcess _process;
    private readonly HttpClient _http;

    private OperatorProcess(ServerProcess process, int port, long startedAt)
    {
        _process = process;
        StartedAt = startedAt;
        _http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip }) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(10) };
    }

    public int Id => _process.Id;

    /// <summary>Timestamp of <see cref="Stopwatch"/> just before the process was started.</summary>
    public long StartedAt { get; }

    /// <summary>Where Prometheus would look.</summary>
    public Uri Metrics => new(_http.BaseAddress!, "/metrics");

    /// <summary>What it logged.</summary>
    public string LogPath => _process.LogPath;

    public static OperatorProcess Start(string program, BenchCluster cluster, string name = "operator")
    {
        var port = ServerProcess.FreePort();
        var startedAt = Stopwatch.GetTimestamp();
        var process = ServerProcess.Start(
            "/usr/bin/env",
            Path.Combine(cluster.Folder, name + ".log"),
            [
                $"KUBECONFIG={cluster.OperatorKubeConfig}", program,
                "--worker-image=fleetops.dev/worker:bench", "--worker-cuda-image=fleetops.dev/worker-cuda:bench",
                $"--namespace={BenchCluster.SystemNamespace}", string.Create(CultureInfo.InvariantCulture, $"--http-port={port}"),
            ]);
        return new(process, port, startedAt);
    }

    /// <summary>Waits until /readyz answers 200.</summary>
    public Task UntilReadyAsync(CancellationToken cancel) => UntilAsync("ready", TimeSpan.FromMilliseconds(2), async () =>
    {
        using var answer = await _http.GetAsync(new Uri("/readyz", UriKind.Relative), cancel);
        return answer.IsSuccessStatusCode;
    }, cancel);

    /// <summary>Waits until it leads.</summary>
    public Task UntilLeadingAsync(CancellationToken cancel) =>
        UntilAsync("the leader", TimeSpan.FromMilliseconds(50), async () => (await ScrapeAsync(cancel)).GetValueOrDefault("leader_election_master_status") >= 1, cancel);

    /// <summary>Waits until it leads, has reconciled something, and neither waits nor works.</summary>
    public Task UntilCaughtUpAsync(CancellationToken cancel) => UntilAsync("caught up", TimeSpan.FromMilliseconds(50), async () =>
    {
        var metrics = await ScrapeAsync(cancel);
        return metrics.GetValueOrDefault("leader_election_master_status") >= 1
            && metrics.GetValueOrDefault("workqueue_depth") == 0
            && metrics.GetValueOrDefault("controller_runtime_active_workers") == 0
            && metrics.GetValueOrDefault("controller_runtime_reconcile_total") > 0;
    }, cancel);

    /// <summary>Its own metrics, each summed over its labels; those of each model are left out.</summary>
    public async Task<IReadOnlyDictionary<string, double>> ScrapeAsync(CancellationToken cancel)
    {
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in (await _http.GetStringAsync(Metrics, cancel)).Split('\n'))
        {
            if (line.StartsWith('#') || line.StartsWith("fleetops_modeldeployment_", StringComparison.Ordinal) || !line.Contains(' ', StringComparison.Ordinal))
            {
                continue;
            }

            // A label's value may hold spaces; the number is the first field after the labels.
            var end = line.LastIndexOf('}');
            var name = line[..(end < 0 ? line.IndexOf(' ', StringComparison.Ordinal) : line.IndexOf('{', StringComparison.Ordinal))];
            var number = line[(end < 0 ? name.Length : end + 1)..].Trim().Split(' ')[0];
            sums[name] = sums.GetValueOrDefault(name) + (double.TryParse(number, CultureInfo.InvariantCulture, out var value) ? value : 0);
        }

        return sums;
    }

    /// <summary>Asks it to end (SIGTERM) and waits until it has.</summary>
    public async Task EndAsync(CancellationToken cancel)
    {
        await Command.RunAsync("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)], cancel);
        for (var began = Stopwatch.GetTimestamp(); !_process.HasExited; await Task.Delay(TimeSpan.FromMilliseconds(10), cancel))
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(60))
            {
                throw new InvalidOperationException("The operator did not end within 60 s of SIGTERM.");
            }
        }
    }

    /// <summary>Ends it as a crash would (SIGKILL).</summary>
    public Task KillAsync() => _process.KillAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        // What it logged outlives the cluster, for the figure that is not met.
        File.Copy(LogPath, Path.Combine(Directory.CreateDirectory(Repository.Path("artifacts", "bench", "logs")).FullName, Path.GetFileName(LogPath)), overwrite: true);
    }

    private async Task UntilAsync(string what, TimeSpan pause, Func<Task<bool>> holds, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < StartTimeout)
        {
            if (_process.HasExited)
            {
                break;
            }

            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(pause, cancel);
        }

        var state = _process.HasExited ? "ended" : $"was not {what} within {StartTimeout.TotalSeconds} s";
        throw new InvalidOperationException($"The operator {state}. The end of its log:\n{string.Join('\n', File.ReadLines(LogPath).TakeLast(10))}");
    }
}
