using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Weights;

/// <summary>Measures how fast the worker fetches and verifies a model from loopback, against curl, which verifies nothing, and how much memory it takes.</summary>
/// <param name="Mebibytes">Size of the model.</param>
/// <param name="Runs">Runs of each contender.</param>
/// <param name="Jit">Whether to measure the worker of development.</param>
/// <param name="Folder">Where the files go. In memory by default: curl flushes nothing to the disk, and the worker everything.</param>
internal sealed record WeightsBench(int Mebibytes, int Runs, bool Jit, string Folder)
{
    private const double LeastShare = 0.9;
    private const double MostMegabytes = 64 * 1.048576;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs it and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        var worker = await ShippedProgram.Worker.FindAsync(Jit, cancel);
        var report = new Report("weights");
        var folder = Path.Combine(Folder, $"fleetops-bench-weights-{Environment.ProcessId}");
        await using var server = await WeightServer.StartAsync(Mebibytes);
        List<double> ours = [];
        List<double> theirs = [];
        double peak = 0;
        try
        {
            for (var run = 0; run < Runs; run++)
            {
                // The first of a pair finds the memory for its file in another state than the second.
                if (run % 2 == 0)
                {
                    await CurlAsync();
                    await WorkerAsync();
                }
                else
                {
                    await WorkerAsync();
                    await CurlAsync();
                }

                Progress.Say(string.Create(CultureInfo.InvariantCulture, $"curl {theirs[^1]:0} MB/s, worker {ours[^1]:0} MB/s"));
            }

            report.Info("size of the model", server.SizeBytes / 1e6, "MB");
            report.Spread("curl", theirs, "MB/s");
            report.Spread("worker, digest verified", ours, "MB/s");
            report.AtLeast("worker to curl, median of pairs", ours.Zip(theirs, (one, other) => one / other).Median(), "times", LeastShare);
            report.AtMost("peak memory of the worker", peak, "MB", MostMegabytes);
        }
        finally
        {
            report.Close();
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return 0;

        async Task CurlAsync() => theirs.Add(Rate(server, (await TimeAsync("curl", ["-sS", "-o", Path.Combine(Fresh(folder), "model.gguf"), server.Address], cancel)).Elapsed));

        async Task WorkerAsync()
        {
            var fetch = await TimeAsync(worker, ["fetch", "--source", server.Address, "--sha256", server.Sha256, "--model-dir", Fresh(folder)], cancel);
            ours.Add(Rate(server, fetch.Elapsed));
            peak = Math.Max(peak, fetch.PeakMegabytes);
        }
    }

    private static double Rate(WeightServer server, TimeSpan elapsed) => server.SizeBytes / 1e6 / elapsed.TotalSeconds;

    private static string Fresh(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return Directory.CreateDirectory(folder).FullName;
    }

    private static async Task<(TimeSpan Elapsed, double PeakMegabytes)> TimeAsync(string program, IEnumerable<string> arguments, CancellationToken cancel)
    {
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var ended = process.WaitForExitAsync(cancel);
        double peak = 0;
        try
        {
            while (!ended.IsCompleted)
            {
                try
                {
                    peak = Math.Max(peak, ProcessUse.Megabytes(process.Id, "VmHWM"));
                }
                catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException)
                {
                    // It has just ended.
                }

                await Task.WhenAny(ended, Task.Delay(Look, cancel));
            }

            await ended;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var elapsed = Stopwatch.GetElapsedTime(began);
        return process.ExitCode == 0
            ? (elapsed, peak)
            : throw new InvalidOperationException($"{program} failed with exit code {process.ExitCode}: {await error}{await output}");
    }
}
