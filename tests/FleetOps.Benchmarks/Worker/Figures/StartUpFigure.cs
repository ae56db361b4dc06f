using System.Diagnostics;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Bare;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>
/// From just before the process is started until /readyz answers 200, with the file in the page cache, against what llama.cpp needs by itself: loading its
/// libraries and the model, making the context, computing a first token. The runtime of the process that measures the latter is not counted.
/// </summary>
internal sealed class StartUpFigure(Report report, string program, int runs)
{
    private const double Goal = 1.2;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var shape = new ServerShape(BenchModel.Usual.Find(), Slots: 8, ContextLength: 2048);
        List<double> ready = [], load = [], peer = [];
        List<(string Phase, double Seconds)> phases = [];
        // The first run brings the file and the programs into the page cache.
        for (var run = 0; run <= runs; run++)
        {
            var bare = await BareBinding.RunAsync(shape, cancel);
            await using var worker = await WorkerServer.StartAsync(program, shape, cancel);
            var took = Stopwatch.GetElapsedTime(worker.StartedAt).TotalSeconds;
            var passed = await worker.PhasesAsync(cancel);
            await worker.EndAsync(cancel);
            var began = Stopwatch.GetTimestamp();
            await using var other = await PeerServer.StartAsync(shape, cancel);
            if (run > 0)
            {
                load.Add(bare.LoadSeconds);
                ready.Add(took);
                phases.AddRange(passed);
                peer.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            }
        }

        report.Spread("start-up: llama.cpp's own load", load, "s");
        report.Spread("start-up: worker, process start to ready", ready, "s");
        foreach (var phase in phases.GroupBy(phase => phase.Phase, StringComparer.Ordinal))
        {
            report.Info($"start-up: of that {phase.Key}", phase.Select(run => run.Seconds).Median(), "s");
        }

        report.Spread("start-up: llama-server, process start to healthy", peer, "s");
        report.AtMost("start-up: worker over llama.cpp's own load", ready.Zip(load, (worker, bare) => worker / bare).Median(), "x", Goal);
    }
}
