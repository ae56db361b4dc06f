using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.Soak;

namespace FleetOps.InferenceWorker.Tests.Soak;

/// <summary>A moment of what `make soak` does for an hour.</summary>
public sealed class SoakTests
{
    [Fact]
    public async Task A_worker_that_is_asked_for_everything_at_once_answers_rightly_and_holds_nothing()
    {
        var model = Path.Combine(Directory.CreateTempSubdirectory("fleetops-soak").FullName, "soak.gguf");
        try
        {
            SoakTarget.WriteModel(model);
            await using var worker = await WorkerProcess.ServeAsync($"file://{model}", [.. SoakTarget.Arguments]);
            await worker.UntilServingAsync();
            var run = new SoakRun(
                new SoakTarget(worker.Address, worker.Http, worker.Id, () => worker.HasExited),
                // So short a time says little about memory: a collector that has not settled may take as much.
                new SoakOptions { Duration = TimeSpan.FromSeconds(6), Round = TimeSpan.FromSeconds(1), MostGrowthMegabytes = 200 });
            var report = await run.RunAsync(TestContext.Current.CancellationToken);
            Assert.True(report.Failed == 0, report.Print());
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(model)!, recursive: true);
        }
    }
}
