using System.Globalization;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Bare;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>What the worker holds besides llama.cpp's buffers after it has worked, and whether that grows with the number of requests.</summary>
internal sealed class ResidentFigure(Report report, string program, int requests)
{
    private const double Goal = 120;
    private const double GrowthGoal = 5;
    private const int AtOnce = 16;
    private const int PromptTokens = 8;
    private const int AnswerTokens = 2;
    private const double BytesPerMegabyte = 1e6;

    public async Task MeasureBeyondBuffersAsync(CancellationToken cancel)
    {
        const int Slots = 8, LongPrompt = 1000, Answer = 32;
        var model = BenchModel.Usual;
        var shape = new ServerShape(model.Find(), Slots, ContextLength: 2048);
        var bare = await BareBinding.RunAsync(shape, cancel);
        await using var worker = await WorkerServer.StartAsync(program, shape, cancel);
        await Wave.RunAsync(worker, [[.. new Prompts(model, seed: 60_000).Next(Slots, LongPrompt).Select(prompt => new Ask(prompt, Answer))]], cancel);
        var resident = ProcessUse.Megabytes(worker.Id, "VmRSS");
        var mapped = MappedMegabytes(worker.Id, shape.Model);
        var cache = bare.ContextBytes / BytesPerMegabyte;
        report.Info("memory: resident, 8 slots of 2,048 tokens", resident, "MB");
        report.Info("memory: of that the mapped model file", mapped, "MB");
        report.Info("memory: of that the KV cache", cache, "MB");
        report.Info("memory: size of the compute buffers, resident as far as they were used", bare.ComputeBytes / BytesPerMegabyte, "MB");
        // How much of the compute buffers is resident cannot be told, so the worker is charged with all of it.
        report.AtMost("memory: resident beyond llama.cpp's model and KV cache", resident - mapped - cache, "MB", Goal);
    }

    public async Task MeasureGrowthAsync(CancellationToken cancel)
    {
        const int Samples = 5;
        var model = BenchModel.Tiny;
        var shape = new ServerShape(model.Find(), AtOnce, ContextLength: 512, Threads: 1);
        await using var worker = await WorkerServer.StartAsync(program, shape, cancel);
        List<double> resident = [];
        for (var sample = 1; sample <= Samples; sample++)
        {
            await Parallel.ForAsync(0, requests / Samples, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel }, async (number, token) =>
                await worker.AskAsync(new Ask(new Prompts(model, seed: (sample * requests) + number).Next(PromptTokens), AnswerTokens), token));
            resident.Add(ProcessUse.Megabytes(worker.Id, "VmRSS"));
            report.Info(string.Create(CultureInfo.InvariantCulture, $"memory: resident after {sample * (requests / Samples)} requests"), resident[^1], "MB");
        }

        report.AtMost($"memory: growth from the first fifth of {requests} requests to the last", resident[^1] - resident[0], "MB", GrowthGoal);
    }

    private static double MappedMegabytes(int id, string file)
    {
        var sum = 0.0;
        var inside = false;
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/smaps")))
        {
            var first = line.Split(' ', 2)[0];
            if (!first.EndsWith(':'))
            {
                // The first line of a mapping ends with the path of its file.
                inside = line.EndsWith(file, StringComparison.Ordinal);
            }
            else if (inside && first == "Rss:")
            {
                sum += double.Parse(line[4..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024 / BytesPerMegabyte;
            }
        }

        return sum;
    }
}
