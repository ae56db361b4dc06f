using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text.Json;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.TestCluster;
using FleetOps.TestModels;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>llama.cpp's own server of the same release, asked over its stream of server-sent events.</summary>
internal sealed class PeerServer : IModelServer
{
    private static readonly Uri Completion = new("/completion", UriKind.Relative);

    private readonly ServerProcess _process;
    private readonly HttpClient _http;

    private PeerServer(ServerProcess process, int port)
    {
        _process = process;
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public string Name => "llama-server";

    public int Id => _process.Id;

    /// <summary>The folder of its programs. Built now if they are not there yet.</summary>
    public static string Folder() => NativeTools.LlamaServer(out var reason) ?? throw new InvalidOperationException(reason);

    /// <summary>Starts it and waits until it is ready. Slots, context, batches and threads are the worker's; all else is its default, its caches of prompts included.</summary>
    public static async Task<PeerServer> StartAsync(ServerShape shape, CancellationToken cancel)
    {
        var port = ServerProcess.FreePort();
        var process = ServerProcess.Start(Path.Combine(Folder(), "llama-server"), LogFile.Of("llama-server"), [
            "--model", shape.Model, "--host", "127.0.0.1", "--port", Text(port), "--parallel", Text(shape.Slots), "--ctx-size", Text(shape.ContextLength * shape.Slots),
            "--no-kv-unified", "--batch-size", Text(ServerShape.BatchTokens), "--ubatch-size", Text(ServerShape.BatchTokens),
            "--threads", Text(shape.Threads), "--threads-batch", Text(shape.Threads), "--no-context-shift",
        ]);
        var server = new PeerServer(process, port);
        await process.WaitUntilAsync(server.IsHealthyAsync, TimeSpan.FromMinutes(2), cancel);
        return server;
    }

    public async Task<Answer> AskAsync(Ask ask, CancellationToken cancel)
    {
        var arrivals = new List<long>(ask.MaxTokens);
        var tokens = new List<int>();
        var count = 0;
        using var content = new ByteArrayContent(Body(ask)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var request = new HttpRequestMessage(HttpMethod.Post, Completion) { Content = content };
        // It closes idle connections at moments of its own, which a request on a kept one could meet.
        request.Headers.ConnectionClose = true;
        var sentAt = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"llama-server answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancel)}");
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        await foreach (var message in SseParser.Create(stream, (_, data) => Read(data, ask.WantsTokens ? tokens : null)).EnumerateAsync(cancel))
        {
            if (message.Data.Final)
            {
                count = message.Data.Count;
            }
            else
            {
                arrivals.Add(Stopwatch.GetTimestamp());
                ask.Arrived?.Invoke(arrivals[^1]);
            }
        }

        return count == ask.MaxTokens
            ? new(sentAt, arrivals, Stopwatch.GetTimestamp(), count, tokens)
            : throw new InvalidOperationException($"llama-server generated {count} tokens where {ask.MaxTokens} were asked for.");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
    }

    private static byte[] Body(Ask ask)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("prompt");
            foreach (var token in ask.Prompt)
            {
                json.WriteNumberValue(token);
            }

            json.WriteEndArray();
            json.WriteNumber("n_predict", ask.MaxTokens);
            json.WriteNumber("temperature", 0);
            json.WriteBoolean("ignore_eos", true);
            json.WriteBoolean("stream", true);
            json.WriteBoolean("return_tokens", ask.WantsTokens);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    // Only the fields that matter are looked at, so that the client costs no more than the worker's.
    private static (bool Final, int Count) Read(ReadOnlySpan<byte> data, List<int>? tokens)
    {
        var reader = new Utf8JsonReader(data);
        var final = false;
        var count = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
            {
                continue;
            }

            if (reader.ValueTextEquals("stop"u8))
            {
                reader.Read();
                final = reader.GetBoolean();
            }
            else if (reader.ValueTextEquals("tokens_predicted"u8))
            {
                reader.Read();
                count = reader.GetInt32();
            }
            else if (tokens is not null && reader.ValueTextEquals("tokens"u8))
            {
                reader.Read();
                while (reader.Read() && reader.TokenType == JsonTokenType.Number)
                {
                    tokens.Add(reader.GetInt32());
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return (final, count);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> IsHealthyAsync(CancellationToken cancel)
    {
        using var response = await _http.GetAsync(new Uri("/health", UriKind.Relative), cancel);
        return response.IsSuccessStatusCode;
    }
}
