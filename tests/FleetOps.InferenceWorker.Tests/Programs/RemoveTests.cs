using System.Security.Cryptography;
using System.Text.Json;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Microsoft.AspNetCore.Http;

namespace FleetOps.InferenceWorker.Tests.Programs;

/// <summary><c>remove</c> as the Job of a deleted ModelCache runs it.</summary>
public sealed class RemoveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-remove-").FullName;

    private int _requests;

    private string Log => Path.Combine(_folder, "termination");

    private string Models => Path.Combine(_folder, "models");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_fetched_is_removed_without_asking_its_source_and_nothing_else_is()
    {
        await using var source = await SourceAsync();
        await FetchAsync(new(source.Address, "a.gguf"));
        await FetchAsync(new(source.Address, "b.gguf"));
        var asked = _requests;

        await using var worker = await WorkerProcess.RunAsync(["remove", "--source", new Uri(source.Address, "a.gguf").AbsoluteUri, "--model-dir", Models, "--termination-log", Log]);

        Assert.Equal(0, worker.ExitCode);
        Assert.Equal((true, false), (Removal().GetProperty("bytes").GetInt64() > 0, Removal().GetProperty("inUse").GetBoolean()));
        Assert.Equal("b.gguf", Path.GetFileName(Assert.Single(Directory.GetFiles(Models, "*.gguf", SearchOption.AllDirectories))));
        Assert.Equal(asked, _requests);
    }

    [Fact]
    public async Task What_is_not_there_needs_no_removal()
    {
        await using var worker = await WorkerProcess.RunAsync(["remove", "--source", "hf://owner/repository/model.gguf", "--model-dir", Models, "--termination-log", Log]);

        Assert.Equal((0, 0), (worker.ExitCode, Removal().GetProperty("bytes").GetInt64()));
    }

    [Fact]
    public async Task A_file_on_a_claim_is_never_removed()
    {
        await using var worker = await WorkerProcess.RunAsync(["remove", "--source", "pvc://claim/model.gguf", "--model-dir", Models, "--termination-log", Log]);

        Assert.Equal(64, worker.ExitCode);
    }

    [Fact]
    public async Task A_model_that_its_directory_cannot_hold_is_refused_before_it_is_downloaded()
    {
        await using var source = await SourceAsync();
        await using var worker = await WorkerProcess.RunAsync(["fetch", "--source", new Uri(source.Address, "a.gguf").AbsoluteUri, "--sha256", Digest, "--model-dir", Models, "--model-dir-capacity", "1000", "--termination-log", Log]);

        Assert.Equal("DiskFull", JsonDocument.Parse(await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken)).RootElement.GetProperty("reason").GetString());
        Assert.Empty(Directory.GetFiles(Models, "*.gguf", SearchOption.AllDirectories));
    }

    private static string Digest { get; } = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(ModelFiles.Successor)));

    private async Task<HttpSource> SourceAsync()
    {
        var content = await File.ReadAllBytesAsync(ModelFiles.Successor, TestContext.Current.CancellationToken);
        return await HttpSource.StartAsync(async context =>
        {
            Interlocked.Increment(ref _requests);
            context.Response.ContentLength = content.Length;
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await context.Response.Body.WriteAsync(content, context.RequestAborted);
            }
        });
    }

    private async Task FetchAsync(Uri source)
    {
        await using var worker = await WorkerProcess.RunAsync(["fetch", "--source", source.AbsoluteUri, "--sha256", Digest, "--model-dir", Models]);
        Assert.Equal(0, worker.ExitCode);
    }

    private JsonElement Removal() => JsonDocument.Parse(File.ReadAllText(Log)).RootElement.GetProperty("removal");
}
