using System.Net;
using System.Text.Json;
using FleetOps.Api;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Metrics;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>
/// Asks workers that are not ready how far they are, each second, and workers that are ready once, what they serve; only while this
/// process leads. News wake the controller. Kubernetes tells that a pod is not ready, not why; the worker knows.
/// </summary>
internal sealed partial class WorkerStatePoller(
    WorkerStates states,
    ModelStartups startups,
    IReconcileTrigger<ModelDeployment> controller,
    IReconcileTrigger<ModelCache> caches,
    LeaderElection election,
    ControllerRuntimeOptions runtime,
    WorkerStatePollerOptions options,
    TimeProvider time,
    ILogger<WorkerStatePoller> logger) : BackgroundService
{
    private const int LargestAnswer = 64 * 1024;

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Each worker is another host and most are asked once: ten thousand open connections would be the price of reusing a few.
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = LargestAnswer,
    };

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Interval, time);
        try
        {
            do
            {
                if (!runtime.LeaderElect || election.IsLeader)
                {
                    await RoundAsync(stoppingToken);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task RoundAsync(CancellationToken stop)
    {
        var pods = states.ToAsk();
        if (pods.Count > 0)
        {
            var limits = new ParallelOptions { MaxDegreeOfParallelism = options.Concurrency, CancellationToken = stop };
            await Parallel.ForEachAsync(pods, limits, async (pod, cancel) => await AskAsync(pod, cancel));
        }
    }

    private async Task AskAsync(V1Pod pod, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(options.Timeout);
        var owner = WorkerPods.OwnerOf(pod);
        bool news;
        try
        {
            var address = new UriBuilder(Uri.UriSchemeHttp, Host(pod.Status.PodIP), options.Port, "/state").Uri;
            var state = await _http.GetFromJsonAsync(address, WorkerJson.Default.WorkerState, limit.Token) ?? new();
            news = states.Answered(pod, state, options.Patience);
            if (owner is { } told)
            {
                startups.Told(told, state);
            }
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            var fault = e is OperationCanceledException ? $"no answer within {options.Timeout.TotalSeconds:0.#} s" : e.Message;
            LogSilent(logger, pod.Metadata.NamespaceProperty, pod.Metadata.Name, fault);
            news = states.DidNotAnswer(pod, fault, options.Patience);
        }

        if (!news)
        {
            return;
        }

        if (owner is { } model)
        {
            controller.Add(model);
        }
        else if (WorkerPods.CacheOf(pod) is { } cache)
        {
            caches.Add(cache);
        }
    }

    private static string Host(string address) =>
        IPAddress.TryParse(address, out var ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{ip}]" : address;

    [LoggerMessage(EventId = 201, Level = LogLevel.Debug, Message = "Worker {Namespace}/{Pod} did not tell its state: {Fault}")]
    private static partial void LogSilent(ILogger logger, string @namespace, string pod, string fault);
}
