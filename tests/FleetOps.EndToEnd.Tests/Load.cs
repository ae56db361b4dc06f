using FleetOps.Inference.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Applications that call the workers of a model without a pause, some of them badly, until its disposal.</summary>
internal sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Backoff = TimeSpan.FromMilliseconds(50);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<GrpcChannel> _channels = [];
    private readonly List<Task> _clients = [];
    private int _answered;

    /// <summary>Starts so many clients for each worker: gRPC's clients balance over pods, not over connections to a Service.</summary>
    public Load(IEnumerable<string> podAddresses, int clientsPerWorker)
    {
        foreach (var address in podAddresses)
        {
            var channel = GrpcChannel.ForAddress($"http://{address}:9090");
            _channels.Add(channel);
            _clients.AddRange(Enumerable.Range(0, clientsPerWorker).Select(number => Task.Run(() => CallAsync(new(channel), number))));
        }
    }

    /// <summary>How many calls ended well so far.</summary>
    public int Answered => Volatile.Read(ref _answered);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _channels.ForEach(static channel => channel.Dispose());
        _stop.Dispose();
    }

    private async Task CallAsync(Inference.V1.Inference.InferenceClient client, int number)
    {
        for (var turn = number * 5; !_stop.IsCancellationRequested; turn++)
        {
            try
            {
                await TurnAsync(client, turn);
                Interlocked.Increment(ref _answered);
            }
            catch (RpcException)
            {
                // Some calls are meant to fail; that the others do not is seen in Answered. A client does not come back at once.
                await Task.Delay(Backoff);
            }
        }
    }

    private Task TurnAsync(Inference.V1.Inference.InferenceClient client, int turn) => (turn % 48) switch
    {
        // Longer than the context: the client's mistake.
        3 or 27 => DrainAsync(client.Generate(new() { Text = new string('x', 8000) }, Options(TimeSpan.FromSeconds(60)))),
        // A deadline that no answer of this length can meet.
        19 => DrainAsync(client.Generate(Long(400), Options(TimeSpan.FromMilliseconds(400)))),
        2 or 9 or 16 or 23 or 30 or 37 or 44 => DrainAsync(client.Generate(Long(24 + turn % 5 * 16), Options(TimeSpan.FromSeconds(60)))),
        _ => DrainAsync(client.Chat(Question(turn), Options(TimeSpan.FromSeconds(60)))),
    };

    private CallOptions Options(TimeSpan limit) => new(deadline: DateTime.UtcNow + limit, cancellationToken: _stop.Token);

    private static GenerateRequest Long(int tokens) =>
        new() { Text = "FleetOps is", Sampling = new() { Temperature = 0 }, Stop = new() { MaxTokens = tokens, IgnoreEndOfGeneration = true } };

    private static ChatRequest Question(int turn) => new()
    {
        Sampling = new() { Temperature = 0 },
        Messages = { new ChatMessage { Role = "user", Content = Repository.DemoQuestions[turn % Repository.DemoQuestions.Count].Question } },
    };

    private static async Task DrainAsync<T>(AsyncServerStreamingCall<T> call)
    {
        using (call)
        {
            await foreach (var _ in call.ResponseStream.ReadAllAsync())
            {
            }
        }
    }
}
