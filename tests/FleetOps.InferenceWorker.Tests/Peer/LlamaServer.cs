using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Peer;

/// <summary>llama.cpp's own server of the same release, as a child process.</summary>
internal sealed class LlamaServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;

    private LlamaServer(Process process, int port)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Starts it with the settings that the worker has: the same slots, batches and KV cache, and no reuse of prompts.</summary>
    public static async Task<LlamaServer> StartAsync(string model, int contextLength, int slots, int batchTokens)
    {
        var folder = NativeTools.LlamaServer(out var reason);
        Assert.SkipWhen(folder is null, reason);
        var port = FreePort();
        var process = Process.Start(new ProcessStartInfo(Path.Combine(folder!, "llama-server"))
        {
            ArgumentList =
            {
                "--model", model, "--host", "127.0.0.1", "--port", $"{port}", "--ctx-size", $"{contextLength * slots}", "--parallel", $"{slots}",
                "--no-kv-unified", "--batch-size", $"{batchTokens}", "--ubatch-size", $"{batchTokens}", "--threads", "1", "--threads-batch", "1",
                "--no-cache-prompt", "--cache-ram", "0", "--no-context-shift", "--jinja",
            },
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new LlamaServer(process, port);
        await Until.HoldsAsync(server.IsHealthyAsync, "llama-server is healthy");
        return server;
    }

    /// <summary>Continues a prompt greedily; returns the text and the tokens.</summary>
    public async Task<(string Text, int[] Tokens)> CompleteAsync(string prompt, int maxTokens)
    {
        var answer = await PostAsync("/completion", new JsonObject
        {
            ["prompt"] = prompt,
            ["n_predict"] = maxTokens,
            ["temperature"] = 0,
            ["cache_prompt"] = false,
            ["return_tokens"] = true,
        });
        return (answer["content"]!.GetValue<string>(), [.. answer["tokens"]!.AsArray().Select(token => token!.GetValue<int>())]);
    }

    /// <summary>Answers a question greedily with the model's chat template.</summary>
    public async Task<string> ChatAsync(string question, int maxTokens)
    {
        var answer = await PostAsync("/v1/chat/completions", new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = question }),
            ["max_tokens"] = maxTokens,
            ["temperature"] = 0,
            ["cache_prompt"] = false,
        });
        return answer["choices"]![0]!["message"]!["content"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<bool> IsHealthyAsync()
    {
        Assert.False(_process.HasExited, "llama-server has ended");
        try
        {
            using var response = await _http.GetAsync("/health", TestContext.Current.CancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<JsonNode> PostAsync(string path, JsonObject body)
    {
        using var response = await _http.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
