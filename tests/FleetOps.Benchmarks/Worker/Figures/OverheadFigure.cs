using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Bare;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>What engine and gRPC add to each token: a model so small that they show, against a process that calls the binding in a loop.</summary>
internal sealed class OverheadFigure(Report report, string program, int runs)
{
    private const int Slots = 8;
    private const int PromptTokens = 16;
    private const int AnswerTokens = 400;
    private const int Waves = 4;
    private const double SpeedGoal = 0.8;
    private const double MicrosecondsGoal = 50;

    // Each with a model that computes its batch in less than a millisecond.
    private static readonly (int Count, BenchModel Model)[] Loads = [(1, BenchModel.Tiny), (Slots, BenchModel.Tiniest)];

    public async Task MeasureAsync(CancellationToken cancel)
    {
        foreach (var (count, model) in Loads)
        {
            // One thread, so that there is a core for the server's own work.
            var shape = new ServerShape(model.Find(), Slots, ContextLength: 512, Threads: 1);
            await using var worker = await WorkerServer.StartAsync(program, shape, cancel);
            var results = new List<(Side Worker, BareOutcome Bare, double Client)>();
            await RunAsync(worker, model, count, -1, cancel);
            for (var run = 0; run < runs; run++)
            {
                var bare = await BareBinding.RunAsync(shape, cancel, count, PromptTokens, AnswerTokens);
                var split = CpuSplit.Begin(("worker", worker.Id), ("client", Environment.ProcessId));
                var wave = await RunAsync(worker, model, count, run, cancel);
                var cpu = split.End();
                var tokens = wave.Answers.Sum(answer => answer.Count);
                results.Add((new(wave.TokensPerSecond, 1e6 * cpu[0].Seconds / tokens), bare, 1e6 * cpu[1].Seconds / tokens));
            }

            var name = $"tiny model, {count} at once";
            report.Spread($"{name}, bare binding", results.Select(result => result.Bare.TokensPerSecond), "tokens/s");
            report.Spread($"{name}, worker through gRPC", results.Select(result => result.Worker.TokensPerSecond), "tokens/s");
            report.Info($"{name}, one batch of the bare binding", results.Select(result => 1000 * count / result.Bare.TokensPerSecond).Median(), "ms");
            report.AtLeast($"{name}, worker over bare binding", results.Select(result => result.Worker.TokensPerSecond / result.Bare.TokensPerSecond).Median(), "x", SpeedGoal);
            report.Info($"{name}, CPU of the bare binding", results.Select(result => 1e6 * result.Bare.CpuSecondsPerToken).Median(), "us/token");
            report.Info($"{name}, CPU of the client", results.Select(result => result.Client).Median(), "us/token");
            report.AtMost($"{name}, CPU of the server beyond the bare binding", results.Select(result => result.Worker.CpuMicroseconds - (1e6 * result.Bare.CpuSecondsPerToken)).Median(), "us/token", MicrosecondsGoal);
        }
    }

    private static Task<Wave> RunAsync(WorkerServer worker, BenchModel model, int count, int run, CancellationToken cancel)
    {
        var prompts = new Prompts(model, seed: 50_000 + (100 * count) + run);
        Ask[][] waves = [.. Enumerable.Range(0, Waves).Select(_ => prompts.Next(count, PromptTokens).Select(prompt => new Ask(prompt, AnswerTokens)).ToArray())];
        return Wave.RunAsync(worker, waves, cancel);
    }

    private sealed record Side(double TokensPerSecond, double CpuMicroseconds);
}
