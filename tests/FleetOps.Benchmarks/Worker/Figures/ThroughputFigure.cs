using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>Generated tokens a second of several requests at once, and the time to the first of them, with prompts that share nothing.</summary>
internal sealed class ThroughputFigure(Report report, string program, int count, int runs)
{
    private const int PromptTokens = 128;
    private const int AnswerTokens = 64;
    private const int LeastRequests = 4;

    /// <summary>How many requests at once are measured.</summary>
    public static IReadOnlyList<int> Counts { get; } = [1, 4, 8, 16];

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var model = BenchModel.Usual;
        var shape = new ServerShape(model.Find(), Slots: Counts.Max(), ContextLength: 256);
        IReadOnlyList<(Run Worker, Run Peer)> pairs;
        await using (var worker = await WorkerServer.StartAsync(program, shape, cancel))
        await using (var peer = await PeerServer.StartAsync(shape, cancel))
        {
            // The first answers make page cache, thread pools and connections warm.
            await WarmUp.RunAsync(worker, model, cancel);
            await WarmUp.RunAsync(peer, model, cancel);
            // The limit is measured once in each pair, just before the worker.
            pairs = await Pairs.RunAsync(worker, peer, runs, async (server, run) =>
            {
                var limit = server == worker ? await BatchedBench.MeasureAsync(shape, count, PromptTokens, AnswerTokens, cancel) : 0;
                return new Run(await RunAsync(server, run), limit);
            }, cancel);
        }

        var name = $"throughput, {count} at once";
        report.ReportBoth(name, pairs, run => run.Wave.TokensPerSecond, "tokens/s");
        report.Spread($"{name}, llama-batched-bench", pairs.Select(pair => pair.Worker.Limit), "tokens/s");
        report.AtLeast($"{name}, over llama-server", pairs.Ratio(run => run.Wave.TokensPerSecond), "x", 1, Report.Tolerance);
        report.AtLeast($"{name}, over llama-batched-bench", pairs.Select(pair => pair.Worker.Wave.TokensPerSecond / pair.Worker.Limit).Median(), "x", 0.95, Report.Tolerance);
        foreach (var percent in new[] { 50, 95 })
        {
            var figure = $"time to first token p{percent}, {count} at once";
            report.ReportBoth(figure, pairs, run => run.Wave.FirstToken(percent), "ms");
            report.AtMost($"{figure}, over llama-server", pairs.Ratio(run => run.Wave.FirstToken(percent)), "x", 1, Report.Tolerance);
        }

        Task<Wave> RunAsync(IModelServer server, int run)
        {
            var prompts = new Prompts(model, seed: (1000 * count) + run);
            var waves = Enumerable.Range(0, Math.Max(1, LeastRequests / count)).Select(_ => prompts.Next(count, PromptTokens).Select(prompt => new Ask(prompt, AnswerTokens)).ToArray());
            return Wave.RunAsync(server, waves.ToArray(), cancel);
        }
    }

    private sealed record Run(Wave Wave, double Limit);
}
