using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Inference.V1;
using FleetOps.Soak;
using FleetOps.TestCluster;
using FleetOps.TestModels;
using Grpc.Net.Client;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>The worker, asked over gRPC.</summary>
internal sealed class WorkerServer : IModelServer
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private readonly ServerProcess _process;
    private readonly GrpcChannel _channel;
    private readonly Inference.V1.Inference.InferenceClient _client;

    private WorkerServer(ServerProcess process, int grpcPort, int httpPort, long startedAt)
    {
        _process = process;
        StartedAt = startedAt;
        Http = new HttpClient { BaseAddress = Loopback(httpPort), Timeout = TimeSpan.FromSeconds(10) };
        _channel = GrpcChannel.ForAddress(Loopback(grpcPort), new()
        {
            HttpHandler = new SocketsHttpHandler { UseProxy = false },
            ThrowOperationCanceledOnCancellation = true,
        });
        _client = new(_channel);
    }

    public string Name => "worker";

    public int Id => _process.Id;

    /// <summary>Timestamp of <see cref="Stopwatch"/> just before the process was started.</summary>
    public long StartedAt { get; }

    /// <summary>Its probes, state and metrics.</summary>
    public HttpClient Http { get; }

    /// <summary>Its channel, for calls that are no <see cref="Ask"/>.</summary>
    public GrpcChannel Channel => _channel;

    /// <summary>The same, for a soak.</summary>
    public SoakTarget Soaked => new(new Uri($"http://{_channel.Target}"), Http, Id, () => _process.HasExited);

    /// <summary>Starts it and waits until it is ready.</summary>
    public static async Task<WorkerServer> StartAsync(string program, ServerShape shape, CancellationToken cancel, params IEnumerable<string> more)
    {
        var server = Launch(program, shape, more);
        await server.UntilReadyAsync(cancel);
        return server;
    }

    /// <summary>Starts it and does not wait.</summary>
    public static WorkerServer Launch(string program, ServerShape shape, params IEnumerable<string> more)
    {
        var native = NativeTools.Libraries(out var reason) ?? throw new InvalidOperationException(reason);
        int grpcPort = ServerProcess.FreePort(), httpPort = ServerProcess.FreePort();
        var startedAt = Stopwatch.GetTimestamp();
        var process = ServerProcess.Start(program, LogFile.Of("worker"), [
            "serve", "--source", "file://" + shape.Model, "--native", native, "--backend", "Cpu", "--bind", "127.0.0.1", "--log-format", "Json",
            "--grpc-port", Text(grpcPort), "--http-port", Text(httpPort), "--context-length", Text(shape.ContextLength),
            "--max-sequences", Text(shape.Slots), "--threads", Text(shape.Threads), "--drain-delay-seconds", "0", .. more,
        ]);
        return new(process, grpcPort, httpPort, startedAt);
    }

    public async Task<Answer> AskAsync(Ask ask, CancellationToken cancel)
    {
        var request = new GenerateRequest
        {
            Tokens = new TokenIds { Ids = { ask.Prompt } },
            Sampling = new SamplingOptions { Temperature = 0 },
            Stop = new StopOptions { MaxTokens = ask.MaxTokens, IgnoreEndOfGeneration = true },
            Output = ask.WantsTokens ? new OutputOptions { TokenIds = true } : null,
        };
        var arrivals = new List<long>(ask.MaxTokens);
        var tokens = new List<int>();
        var count = 0;
        var sentAt = Stopwatch.GetTimestamp();
        using var call = _client.Generate(request, cancellationToken: cancel);
        while (await call.ResponseStream.MoveNext(cancel))
        {
            var message = call.ResponseStream.Current;
            if (message.Piece is { } piece)
            {
                arrivals.Add(Stopwatch.GetTimestamp());
                ask.Arrived?.Invoke(arrivals[^1]);
                tokens.AddRange(piece.TokenIds);
            }
            else if (message.Finish is { } finish)
            {
                count = finish.Usage.CompletionTokens;
            }
        }

        return count == ask.MaxTokens
            ? new(sentAt, arrivals, Stopwatch.GetTimestamp(), count, tokens)
            : throw new InvalidOperationException($"The worker generated {count} tokens where {ask.MaxTokens} were asked for.");
    }

    /// <summary>Waits until it is ready, asking every 2 ms.</summary>
    public async Task UntilReadyAsync(CancellationToken cancel)
    {
        while (Stopwatch.GetElapsedTime(StartedAt) < StartTimeout && !_process.HasExited)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri("/readyz", UriKind.Relative), cancel);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), cancel);
        }

        throw new InvalidOperationException($"The worker {(_process.HasExited ? "ended" : "was not ready in time")}. The end of its log:\n{string.Join('\n', File.ReadLines(_process.LogPath).TakeLast(10))}");
    }

    /// <summary>The phases that it has passed, as /state tells them.</summary>
    public async Task<IReadOnlyList<(string Phase, double Seconds)>> PhasesAsync(CancellationToken cancel)
    {
        using var state = JsonDocument.Parse(await Http.GetStringAsync(new Uri("/state", UriKind.Relative), cancel));
        return [.. state.RootElement.GetProperty("phases").EnumerateArray()
            .Select(phase => (phase.GetProperty("phase").GetString()!, phase.GetProperty("seconds").GetDouble()))
            .Where(phase => phase.Item1 != "Serving")];
    }

    /// <summary>Asks it to end (SIGTERM) and waits until it has.</summary>
    public async Task EndAsync(CancellationToken cancel)
    {
        await Command.RunAsync("kill", ["-TERM", Text(Id)], cancel);
        for (var began = Stopwatch.GetTimestamp(); !_process.HasExited; await Task.Delay(TimeSpan.FromMilliseconds(10), cancel))
        {
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromSeconds(60))
            {
                throw new InvalidOperationException("The worker did not end within 60 s of SIGTERM.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        Http.Dispose();
        await _process.DisposeAsync();
    }

    private static Uri Loopback(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
