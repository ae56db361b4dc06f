using System.Security.Cryptography;
using System.Text.Json;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace FleetOps.InferenceWorker.Tests.Programs;

/// <summary><c>fetch</c> as the Job of a ModelCache runs it.</summary>
public sealed class FetchTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-fetch-").FullName;

    private string Log => Path.Combine(_folder, "termination");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_fetch_tells_how_far_it_is_and_leaves_what_it_found()
    {
        var content = await File.ReadAllBytesAsync(ModelFiles.Successor, TestContext.Current.CancellationToken);
        var digest = Convert.ToHexStringLower(SHA256.HashData(content));
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = await HttpSource.StartAsync(async context =>
        {
            context.Response.ContentLength = content.Length;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await context.Response.Body.WriteAsync(content.AsMemory(0, 1000), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                await goOn.Task.WaitAsync(context.RequestAborted);
                await context.Response.Body.WriteAsync(content.AsMemory(1000), context.RequestAborted);
            }
        });
        await using var worker = WorkerProcess.Start([.. Arguments(new Uri(source.Address, "m.gguf"), digest), "--state-port", "0"]);
        await Until.HoldsAsync(() => worker.Errors.Contains("State: ", StringComparison.Ordinal), "it says where it tells its state");
        var port = new Uri(worker.Errors.Split('\n').First(line => line.StartsWith("State: ", StringComparison.Ordinal))[7..].Replace("[::]", "localhost", StringComparison.Ordinal)).Port;

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        JsonElement state = default;
        await Until.HoldsAsync(
            async () =>
            {
                state = JsonDocument.Parse(await http.GetStringAsync("/state", TestContext.Current.CancellationToken)).RootElement;
                return state.GetProperty("fetchedBytes").GetInt64() == 1000;
            },
            "the state tells of the first bytes");
        Assert.Equal(("Fetching", content.Length), (state.GetProperty("phase").GetString(), state.GetProperty("totalBytes").GetInt32()));
        goOn.SetResult();

        Assert.Equal(0, await worker.ExitAsync());
        var model = JsonDocument.Parse(await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken)).RootElement.GetProperty("model");
        Assert.Equal((digest, content.Length), (model.GetProperty("sha256").GetString(), model.GetProperty("sizeBytes").GetInt32()));
    }

    [Fact]
    public async Task A_fetch_that_fails_leaves_the_reason()
    {
        await using var worker = await WorkerProcess.RunAsync([.. Arguments(new Uri("file:///nowhere.gguf"), null), "--state-port", "0"]);

        Assert.Equal(66, worker.ExitCode);
        Assert.Equal("SourceNotFound", JsonDocument.Parse(await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken)).RootElement.GetProperty("reason").GetString());
    }

    private List<string> Arguments(Uri source, string? digest)
    {
        List<string> arguments = ["fetch", "--source", source.AbsoluteUri, "--model-dir", Path.Combine(_folder, "models"), "--termination-log", Log];
        return digest is null ? arguments : [.. arguments, "--sha256", digest];
    }
}
