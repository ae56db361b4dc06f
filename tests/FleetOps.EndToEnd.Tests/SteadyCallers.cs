using System.Collections.Concurrent;
using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Applications that stream from a model all the time, and remember each request that did not end well.</summary>
internal sealed class SteadyCallers : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly ModelClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task _calls;
    private volatile string _meanwhile = "at first";
    private int _answered;

    private SteadyCallers(ModelClient client, int callers)
    {
        _client = client;
        _calls = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => CallUntilStoppedAsync()));
    }

    public static async Task<SteadyCallers> StartAsync(Kubectl kubectl, string model, int callers) =>
        new(await ModelClient.ThroughServiceAsync(kubectl, model), callers);

    /// <summary>Does something while the calls go on; some of them begin after it has ended, and none may have failed.</summary>
    public async Task DuringAsync(string what, Func<Task> step)
    {
        _meanwhile = what;
        await step();
        var before = Volatile.Read(ref _answered);
        await Eventually.HoldsAsync(() => Task.FromResult(Volatile.Read(ref _answered)), answered => answered > before + 2 || !_failures.IsEmpty, Limit, $"More answers come after {what}");
        Assert.True(_failures.IsEmpty, string.Join('\n', _failures));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _calls;
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task CallUntilStoppedAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var finish = await _client.StreamAsync("FleetOps is", tokens: 60);
                if (finish.Reason != FinishReason.Length)
                {
                    _failures.Enqueue($"{_meanwhile}: ended with {finish.Reason}");
                }

                Interlocked.Increment(ref _answered);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException)
            {
                _failures.Enqueue($"{_meanwhile}: {e.Message}");
                return;
            }
        }
    }
}
