using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;
using FleetOps.Soak;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>Starts a worker and lets it be asked for everything at random.</summary>
internal static class SoakProgram
{
    /// <summary>Runs, prints the table, and returns the exit code.</summary>
    public static async Task<int> RunAsync(TimeSpan duration, int seed, bool jit, CancellationToken cancel)
    {
        var program = await ShippedProgram.Worker.FindAsync(jit, cancel);
        var folder = Directory.CreateTempSubdirectory("fleetops-soak");
        try
        {
            var model = Path.Combine(folder.FullName, "soak.gguf");
            SoakTarget.WriteModel(model);
            await using var worker = await WorkerServer.StartAsync(program, new ServerShape(model, SoakTarget.Slots, SoakTarget.ContextLength, Threads: 1), cancel, "--batch-tokens", "128", "--pooling", "Mean");
            var report = await new SoakRun(worker.Soaked, new SoakOptions { Duration = duration, Seed = seed, Progress = Progress.Say }).RunAsync(cancel);
            Console.WriteLine(report.Print());
            return report.Failed == 0 ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
