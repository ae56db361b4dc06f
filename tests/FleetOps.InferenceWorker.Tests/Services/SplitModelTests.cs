using System.Security.Cryptography;
using System.Text;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.ModelStore.Sources;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>A model in several files is served as one in one file is.</summary>
public sealed class SplitModelTests
{
    private static readonly GenerateRequest Letters = new() { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } };

    [Fact]
    public async Task A_split_model_is_loaded_from_where_it_lies()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Split[0]);
        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(Letters)).Text);
        await using var whole = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        Assert.Equal(whole.State.Model!.Parameters, worker.State.Model!.Parameters);
        Assert.Equal((ModelFiles.Split.Sum(static path => new FileInfo(path).Length), Digest), (worker.State.Model.SizeBytes, worker.State.Model.Sha256));
    }

    [Fact]
    public async Task A_split_model_is_fetched_and_loaded()
    {
        await using var source = await HttpSource.StartAsync(context =>
        {
            var path = ModelFiles.Split.Single(path => Path.GetFileName(path) == context.Request.Path.Value!.Trim('/'));
            return context.Response.Body.WriteAsync(File.ReadAllBytes(path), TestContext.Current.CancellationToken).AsTask();
        });
        var models = Directory.CreateTempSubdirectory("fleetops-models");
        await using (var worker = await InProcessWorker.StartAsync(
            ModelSource.Parse($"{source.Address}{Path.GetFileName(ModelFiles.Split[0])}"),
            options => options with { Model = options.Model with { Sha256 = Digest }, Fetching = options.Fetching with { ModelDirectory = models.FullName } }))
        {
            Assert.Equal(WorkerPhase.Serving, await worker.State.WaitForAsync(static phase => phase >= WorkerPhase.Serving, TestContext.Current.CancellationToken));
            Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(Letters)).Text);
        }

        models.Delete(recursive: true);
    }

    private static string Digest => Sha256(Encoding.ASCII.GetBytes(string.Concat(ModelFiles.Split.Select(static path => Sha256(File.ReadAllBytes(path)) + "\n"))));

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
