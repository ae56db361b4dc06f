using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>Requests that begin with the same tokens and arrive at once, as those of one application do. No run has seen the beginning before.</summary>
internal sealed class SharedPrefixFigure(Report report, string program, int runs)
{
    private const int Requests = 16;
    private const int SharedTokens = 1000;
    private const int OwnTokens = 16;
    private const int AnswerTokens = 16;
    private const double Goal = 0.2;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var model = BenchModel.Usual;
        var shape = new ServerShape(model.Find(), Slots: Requests, ContextLength: 1280);
        IReadOnlyList<(Wave Worker, Wave Peer)> pairs;
        await using (var worker = await WorkerServer.StartAsync(program, shape, cancel))
        await using (var peer = await PeerServer.StartAsync(shape, cancel))
        {
            await WarmUp.RunAsync(worker, model, cancel);
            await WarmUp.RunAsync(peer, model, cancel);
            pairs = await Pairs.RunAsync(worker, peer, runs, (server, run) => Wave.RunAsync(server, [Asks(model, run)], cancel), cancel);
        }

        foreach (var percent in new[] { 50, 95 })
        {
            var figure = $"{Requests} requests share {SharedTokens} prompt tokens: time to first token p{percent}";
            report.ReportBoth(figure, pairs, wave => wave.FirstToken(percent), "ms");
            report.AtMost($"{figure}, over llama-server", pairs.Ratio(wave => wave.FirstToken(percent)), "x", Goal);
        }
    }

    private static Ask[] Asks(BenchModel model, int run)
    {
        var prompts = new Prompts(model, seed: 20_000 + run);
        var shared = prompts.Next(SharedTokens);
        return [.. Enumerable.Range(0, Requests).Select(_ => new Ask([.. shared, .. prompts.Next(OwnTokens)], AnswerTokens))];
    }
}
