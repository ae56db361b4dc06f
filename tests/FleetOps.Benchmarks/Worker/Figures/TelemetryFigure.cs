using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>
/// What metrics and traces cost. Each is measured where it shows, because next to the computing of a model both are lost in its spread: a scrape on a
/// worker that is idle, a trace on requests that compute next to nothing. Then they are set against requests of usual length to a model of a
/// millisecond a token, which is less than any that people serve.
/// </summary>
internal sealed class TelemetryFigure(Report report, string program, int runs)
{
    private const int AtOnce = 8;
    private const int PromptTokens = 16;
    private const int AnswerTokens = 64;
    private const int ShortRequests = 4000;
    private const int Requests = 200;
    private const int Scrapes = 200;
    private const double ScrapeEverySeconds = 15;
    private const double Goal = 1;

    private static readonly Uri Metrics = new("/metrics", UriKind.Relative);

    public async Task MeasureAsync(CancellationToken cancel)
    {
        List<double> traces = [], scrapes = [];
        await using (var collector = await TraceCollector.StartAsync(cancel))
        {
            var shape = new ServerShape(BenchModel.Tiniest.Find(), AtOnce, ContextLength: 512, Threads: 1);
            await using var plain = await WorkerServer.StartAsync(program, shape, cancel);
            await using var traced = await WorkerServer.StartAsync(program, shape, cancel, "--otlp-endpoint", collector.Address.ToString(), "--otlp-protocol", "HttpProtobuf");
            await AskAsync(plain, BenchModel.Tiniest, ShortRequests, answerTokens: 1, cancel);
            await AskAsync(traced, BenchModel.Tiniest, ShortRequests, answerTokens: 1, cancel);
            for (var run = 0; run < runs; run++)
            {
                var without = await AskAsync(plain, BenchModel.Tiniest, ShortRequests, answerTokens: 1, cancel);
                traces.Add(await AskAsync(traced, BenchModel.Tiniest, ShortRequests, answerTokens: 1, cancel) - without);
                scrapes.Add(await ScrapeAsync(traced, cancel));
            }

            if (collector.Received == 0)
            {
                throw new InvalidOperationException("No trace arrived, so none was measured.");
            }
        }

        var began = TimeProvider.System.GetTimestamp();
        double usual;
        await using (var worker = await WorkerServer.StartAsync(program, new ServerShape(BenchModel.Tiny.Find(), AtOnce, ContextLength: 512, Threads: 1), cancel))
        {
            await AskAsync(worker, BenchModel.Tiny, AtOnce, AnswerTokens, cancel);
            began = TimeProvider.System.GetTimestamp();
            usual = await AskAsync(worker, BenchModel.Tiny, Requests, AnswerTokens, cancel);
        }

        var secondsEach = TimeProvider.System.GetElapsedTime(began).TotalSeconds / Requests;
        var (trace, scrape) = (Math.Max(0, traces.Median()), scrapes.Median());
        report.Spread("telemetry: CPU of a trace", traces, "us/request");
        report.Spread("telemetry: CPU of a scrape", scrapes, "us");
        report.Info($"telemetry: CPU of a request of {PromptTokens} + {AnswerTokens} tokens, tiny model", usual, "us");
        report.AtMost(
            $"telemetry: every request traced and a scrape each {ScrapeEverySeconds} s, share of the CPU of a tiny model",
            100 * (trace + (scrape * secondsEach / ScrapeEverySeconds)) / usual, "%", Goal);
    }

    /// <summary>CPU microseconds of the worker for each request.</summary>
    private static async Task<double> AskAsync(WorkerServer worker, BenchModel model, int requests, int answerTokens, CancellationToken cancel)
    {
        var prompts = new Prompts(model, seed: 70_000).Next(AtOnce, PromptTokens);
        var before = ProcessUse.CpuSeconds(worker.Id);
        await Parallel.ForAsync(0, requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (number, token) =>
            await worker.AskAsync(new Ask(prompts[number % AtOnce], answerTokens), token));
        return 1e6 * (ProcessUse.CpuSeconds(worker.Id) - before) / requests;
    }

    private static async Task<double> ScrapeAsync(WorkerServer worker, CancellationToken cancel)
    {
        var before = ProcessUse.CpuSeconds(worker.Id);
        for (var i = 0; i < Scrapes; i++)
        {
            await worker.Http.GetStringAsync(Metrics, cancel);
        }

        return 1e6 * (ProcessUse.CpuSeconds(worker.Id) - before) / Scrapes;
    }
}
