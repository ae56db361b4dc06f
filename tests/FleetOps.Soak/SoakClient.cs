using FleetOps.Inference.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace FleetOps.Soak;

/// <summary>A client of the worker with a connection of its own.</summary>
internal sealed class SoakClient : IDisposable
{
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(2);

    private readonly GrpcChannel _channel;

    /// <summary>Connects.</summary>
    /// <param name="address">Where gRPC listens.</param>
    /// <param name="narrow">Whether the connection takes little that was not read, so that the worker notices a slow reader.</param>
    public SoakClient(Uri address, bool narrow = false)
    {
        const int LeastWindow = 65_535;
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (narrow)
        {
            handler.InitialHttp2StreamWindowSize = LeastWindow;
        }

        _channel = GrpcChannel.ForAddress(address, new() { HttpHandler = handler, DisposeHttpClient = true });
        Inference = new(_channel);
        Control = new(_channel);
    }

    public Inference.V1.Inference.InferenceClient Inference { get; }

    public Control.ControlClient Control { get; }

    /// <summary>Takes a request to its end and returns the tokens of its first answer.</summary>
    /// <param name="request">The request; it asks for token ids.</param>
    /// <param name="metadata">Metadata; null for none.</param>
    /// <param name="pause">Waited for after each message; null reads as fast as it can.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<IReadOnlyList<int>> TokensAsync(GenerateRequest request, Metadata? metadata, Func<Task>? pause, CancellationToken cancel)
    {
        var tokens = new List<int>();
        FinishInfo? finish = null;
        using var call = Inference.Generate(request, metadata, Latest(), cancel);
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            tokens.AddRange(message.Piece?.TokenIds ?? []);
            finish = message.Finish ?? finish;
            if (pause is not null)
            {
                await pause();
            }
        }

        return finish is null ? throw new SoakException("the stream ended without a finish") : tokens;
    }

    /// <summary>Takes a chat to its end and returns the tokens of its answer.</summary>
    public async Task<IReadOnlyList<int>> TokensAsync(ChatRequest request, Metadata? metadata, CancellationToken cancel)
    {
        var tokens = new List<int>();
        FinishInfo? finish = null;
        using var call = Inference.Chat(request, metadata, Latest(), cancel);
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            tokens.AddRange(message.Delta?.TokenIds ?? []);
            finish = message.Finish ?? finish;
        }

        return finish is null ? throw new SoakException("the stream ended without a finish") : tokens;
    }

    /// <summary>Takes a request to its end and returns its text and why it ended.</summary>
    public async Task<(string Text, FinishReason Reason)> TextAsync(GenerateRequest request, CancellationToken cancel)
    {
        var text = "";
        FinishInfo? finish = null;
        using var call = Inference.Generate(request, deadline: Latest(), cancellationToken: cancel);
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            text += message.Piece?.Text;
            finish = message.Finish ?? finish;
        }

        return finish is null ? throw new SoakException("the stream ended without a finish") : (text, finish.Reason);
    }

    /// <summary>Closes the connection, whatever still runs on it.</summary>
    public void Dispose() => _channel.Dispose();

    private static DateTime Latest() => (TimeProvider.System.GetUtcNow() + LongestAnswer).UtcDateTime;
}
