using System.Diagnostics;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>
/// Users who talk to the same assistant: one system prompt, and turn by turn a question on top of all that was said. Each turn sends the whole
/// conversation as tokens, the answers as they were generated, because a random model's text would be split differently than it was made.
/// </summary>
internal sealed class ChatFigure(Report report, string program, int runs)
{
    private const int Users = 8;
    private const int Turns = 6;
    private const int SystemTokens = 500;
    private const int QuestionTokens = 40;
    private const int AnswerTokens = 32;
    private const double Goal = 0.8;

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var model = BenchModel.Usual;
        var shape = new ServerShape(model.Find(), Slots: Users, ContextLength: 1024);
        IReadOnlyList<(double Worker, double Peer)> pairs;
        await using (var worker = await WorkerServer.StartAsync(program, shape, cancel))
        await using (var peer = await PeerServer.StartAsync(shape, cancel))
        {
            await WarmUp.RunAsync(worker, model, cancel);
            await WarmUp.RunAsync(peer, model, cancel);
            pairs = await Pairs.RunAsync(worker, peer, runs, (server, run) => TalkAsync(server, model, run, cancel), cancel);
        }

        var figure = $"chat of {Users} users, {Turns} turns each: total time";
        report.ReportBoth(figure, pairs, seconds => seconds, "s");
        report.AtMost($"{figure}, over llama-server", pairs.Ratio(seconds => seconds), "x", Goal);
    }

    private static async Task<double> TalkAsync(IModelServer server, BenchModel model, int run, CancellationToken cancel)
    {
        var prompts = new Prompts(model, seed: 30_000 + run);
        var system = prompts.Next(SystemTokens);
        var questions = Enumerable.Range(0, Users).Select(_ => prompts.Next(Turns, QuestionTokens)).ToArray();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(questions.Select(async own =>
        {
            var conversation = new List<int>(system);
            foreach (var question in own)
            {
                conversation.AddRange(question);
                var answer = await server.AskAsync(new Ask([.. conversation], AnswerTokens, WantsTokens: true), cancel);
                conversation.AddRange(answer.Tokens);
            }
        }));
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
