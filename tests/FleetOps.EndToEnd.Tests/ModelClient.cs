using System.Text;
using FleetOps.Inference.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace FleetOps.EndToEnd.Tests;

/// <summary>An application that calls a model through its Service. Thread-safe.</summary>
internal sealed class ModelClient : IDisposable
{
    private static readonly TimeSpan ReachLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(3);
    private readonly GrpcChannel _channel;
    private readonly Inference.V1.Inference.InferenceClient _inference;
    private readonly Control.ControlClient _control;

    private ModelClient(string address)
    {
        // A connection that is begun before kube-proxy knows the Service gets no answer for minutes; the next one does.
        _channel = GrpcChannel.ForAddress(address, new() { HttpHandler = new SocketsHttpHandler { ConnectTimeout = ConnectTimeout }, DisposeHttpClient = true });
        _inference = new(_channel);
        _control = new(_channel);
    }

    /// <summary>A client of the Service that the operator made for a model; the node reaches its ClusterIP.</summary>
    public static async Task<ModelClient> ThroughServiceAsync(Kubectl kubectl, string name)
    {
        var service = await kubectl.GetAsync("service", name);
        var client = new ModelClient($"http://{service["spec"]!["clusterIP"]}:9090");
        // A model is ready when its workers are; kube-proxy may hear of it a moment later.
        await Eventually.HoldsAsync(client.AnswerAsync, answer => answer is StatusCode.OK, ReachLimit, $"The Service {name} leads to a worker");
        return client;
    }

    private async Task<StatusCode> AnswerAsync()
    {
        try
        {
            await ModelInfoAsync();
            return StatusCode.OK;
        }
        catch (RpcException e)
        {
            return e.StatusCode;
        }
    }

    public async Task<ModelInfo> ModelInfoAsync() => await _control.GetModelInfoAsync(new(), deadline: DateTime.UtcNow.AddSeconds(10));

    /// <summary>The whole answer to one question, under greedy decoding.</summary>
    public async Task<string> AskAsync(string question)
    {
        var request = new ChatRequest { Sampling = new() { Temperature = 0 } };
        request.Messages.Add(new ChatMessage { Role = "user", Content = question });
        using var call = _inference.Chat(request, deadline: DateTime.UtcNow.AddSeconds(60));
        var answer = new StringBuilder();
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            answer.Append(message.Delta?.Content);
        }

        return answer.ToString();
    }

    /// <summary>Generates so many tokens, past the end of the answer, and returns how the stream ended.</summary>
    /// <exception cref="RpcException">The stream did not end well.</exception>
    public async Task<FinishInfo> StreamAsync(string prompt, int tokens, Action? onFirstToken = null)
    {
        var request = new GenerateRequest
        {
            Text = prompt,
            Sampling = new() { Temperature = 0 },
            Stop = new() { MaxTokens = tokens, IgnoreEndOfGeneration = true },
            Output = new() { TokenIds = true },
        };
        using var call = _inference.Generate(request, deadline: DateTime.UtcNow.AddSeconds(120));
        FinishInfo? finish = null;
        await foreach (var message in call.ResponseStream.ReadAllAsync())
        {
            if (message.Piece is not null)
            {
                onFirstToken?.Invoke();
                onFirstToken = null;
            }

            finish = message.Finish ?? finish;
        }

        return finish ?? throw new InvalidOperationException("The stream ended without a FinishInfo.");
    }

    public void Dispose() => _channel.Dispose();
}
