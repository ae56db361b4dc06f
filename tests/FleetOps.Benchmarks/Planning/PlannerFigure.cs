using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Planning;

/// <summary>Plans a second on one core and the memory that one takes, by BenchmarkDotNet in this process: on the JIT, not ahead of time.</summary>
internal static class PlannerFigure
{
    private const double Goal = 100_000;
    private const double NanosecondsPerSecond = 1e9;

    public static void Measure(Report report)
    {
        var log = Repository.Path("artifacts", "bench", "benchmarkdotnet");
        using var logger = new StreamLogger(Path.Combine(Directory.CreateDirectory(log).FullName, "planner.log"));
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddLogger(logger)
            .AddExporter(MarkdownExporter.GitHub)
            .WithArtifactsPath(log);
        var summary = BenchmarkRunner.Run<PlannerBenchmarks>(config);
        foreach (var measured in summary.Reports)
        {
            if (measured.ResultStatistics is not { } time || measured.GcStats.GetBytesAllocatedPerOperation(measured.BenchmarkCase) is not { } bytes)
            {
                throw new InvalidOperationException($"BenchmarkDotNet measured nothing; see {Repository.Relative(log)}/planner.log.");
            }

            switch (measured.BenchmarkCase.Descriptor.WorkloadMethod.Name)
            {
                case nameof(PlannerBenchmarks.Plan):
                    report.AtLeast("planner: plans on one core", NanosecondsPerSecond / time.Mean, "1/s", Goal);
                    report.Info("planner: allocated by a plan", bytes, "bytes");
                    break;
                case nameof(PlannerBenchmarks.PlanStatus):
                    report.Info("planner: statuses on one core", NanosecondsPerSecond / time.Mean, "1/s");
                    report.Info("planner: allocated by a status", bytes, "bytes");
                    break;
                case nameof(PlannerBenchmarks.Compare):
                    report.Info("planner: Deployments found to need no write on one core", NanosecondsPerSecond / time.Mean, "1/s");
                    report.Info("planner: allocated by that", bytes, "bytes");
                    break;
            }
        }
    }
}
