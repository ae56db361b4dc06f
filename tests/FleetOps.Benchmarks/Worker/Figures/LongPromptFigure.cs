using System.Diagnostics;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>A long prompt that arrives while others read their answers: the longest pause that one of them sees until the newcomer has its first token.</summary>
internal sealed class LongPromptFigure(Report report, string program, int runs)
{
    private const int Streams = 8;
    private const int StreamPrompt = 32;
    private const int LongPrompt = 4000;
    private const int LongAnswer = 4;
    private const int MostTokens = 4000;
    private const double Goal = 0.5;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var model = BenchModel.Usual;
        var shape = new ServerShape(model.Find(), Slots: Streams + 1, ContextLength: 4352);
        IReadOnlyList<(Run Worker, Run Peer)> pairs;
        await using (var worker = await WorkerServer.StartAsync(program, shape, cancel))
        await using (var peer = await PeerServer.StartAsync(shape, cancel))
        {
            await WarmUp.RunAsync(worker, model, cancel);
            await WarmUp.RunAsync(peer, model, cancel);
            pairs = await Pairs.RunAsync(worker, peer, runs, (server, run) => RunAsync(server, model, run, cancel), cancel);
        }

        var figure = $"a prompt of {LongPrompt} tokens beside {Streams} streams: longest pause of a stream";
        report.ReportBoth(figure, pairs, run => run.Gap, "ms");
        report.AtMost($"{figure}, over llama-server", pairs.Ratio(run => run.Gap), "x", Goal);
        // What short pauses cost the newcomer.
        report.ReportBoth("the same: time to first token of the prompt", pairs, run => run.FirstToken, "ms");
    }

    private static async Task<Run> RunAsync(IModelServer server, BenchModel model, int run, CancellationToken cancel)
    {
        var prompts = new Prompts(model, seed: 40_000 + run);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var watches = prompts.Next(Streams, StreamPrompt).Select(prompt => new StreamWatch(server, prompt, MostTokens)).ToArray();
        var streams = watches.Select(watch => watch.RunAsync(enough.Token)).ToArray();
        await Task.WhenAll(watches.Select(watch => watch.Begun));
        var sentAt = Stopwatch.GetTimestamp();
        var answer = await server.AskAsync(new Ask(prompts.Next(LongPrompt), LongAnswer), cancel);
        var firstTokenAt = answer.Arrivals[0];
        await enough.CancelAsync();
        await Task.WhenAll(streams);
        return new(watches.Max(watch => watch.LongestWaitMilliseconds(sentAt, firstTokenAt)), answer.FirstTokenMilliseconds);
    }

    private sealed record Run(double Gap, double FirstToken);
}
