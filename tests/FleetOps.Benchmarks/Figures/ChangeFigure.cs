using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using FleetOps.Benchmarks.Fleet;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>
/// One change at rest: how long after the API server's answer to a change of <c>spec.replicas</c> the watch tells of the Deployment's change. The
/// measure is the server's own median time for one server-side apply of such a Deployment, taken between the changes.
/// </summary>
internal sealed class ChangeFigure(Report report, RunningFleet fleet, int samples)
{
    private const double Goal = 3;
    private const string ProbeNamespace = "bench-probe";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Namespace, string Name), TaskCompletionSource<long>> _awaited = new();

    public async Task MeasureAsync(CancellationToken cancel)
    {
        await fleet.Cluster.CreateNamespaceAsync(ProbeNamespace, cancel);
        fleet.DeploymentChanged = change =>
        {
            if (change.Type == "MODIFIED" && _awaited.TryRemove((change.Namespace, change.Name), out var seen))
            {
                seen.TrySetResult(change.At);
            }
        };
        List<double> fromAnswer = [], fromSend = [], writes = [];
        // The first few make connections and code warm.
        for (var i = -10; i < samples; i++)
        {
            var write = await WriteAsync(i + 20, cancel);
            var (answer, send) = await ChangeAsync((i + 10) % fleet.Count, 3 + (i + 10) / fleet.Count, cancel);
            if (i >= 0)
            {
                writes.Add(write);
                fromAnswer.Add(answer);
                fromSend.Add(send);
            }

            // At rest: the status that follows a change is written before the next one.
            await fleet.Watch.QuietAsync(TimeSpan.FromMilliseconds(150), cancel);
        }

        fleet.DeploymentChanged = null;
        await fleet.RestoreAsync(Enumerable.Range(0, samples + 10).Select(i => i % fleet.Count), cancel);
        var size = string.Create(CultureInfo.InvariantCulture, $"one change of {fleet.Count}");
        report.AtMost($"{size}: p99 from its answer to the child's change / median write", fromAnswer.Percentile(99) / writes.Median(), "ratio", Goal);
        report.Info($"{size}: p50 from its answer", fromAnswer.Median(), "ms");
        report.Info($"{size}: p99 from its answer", fromAnswer.Percentile(99), "ms");
        report.Info($"{size}: p50 from its sending", fromSend.Median(), "ms");
        report.Info($"{size}: p99 from its sending", fromSend.Percentile(99), "ms");
        report.Info($"{size}: the API server's own write, p50", writes.Median(), "ms");
        report.Info($"{size}: the API server's own write, p99", writes.Percentile(99), "ms");
    }

    private async Task<(double FromAnswer, double FromSend)> ChangeAsync(int index, int replicas, CancellationToken cancel)
    {
        var (ns, name) = (FleetNames.NamespaceOf(index), FleetNames.NameOf(index));
        var seen = _awaited[(ns, name)] = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = Stopwatch.GetTimestamp();
        await fleet.ScaleAsync(index, replicas, cancel);
        var answered = Stopwatch.GetTimestamp();
        var at = await seen.Task.WaitAsync(Limit, cancel);
        // The watch may tell of the child before the harness has read the answer.
        return (Math.Max(0, (at - answered) * 1000.0 / Stopwatch.Frequency), Stopwatch.GetElapsedTime(sent, at).TotalMilliseconds);
    }

    private async Task<double> WriteAsync(int replicas, CancellationToken cancel)
    {
        var deployment = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"probe","namespace":"{{{ProbeNamespace}}}"},"spec":{"replicas":{{{replicas}}},"selector":{"matchLabels":{"app":"probe"}},
             "template":{"metadata":{"labels":{"app":"probe"}},"spec":{"containers":[{"name":"worker","image":"worker:bench","args":["serve","--model","model.gguf"]}]} } } }
            """);
        var began = Stopwatch.GetTimestamp();
        await fleet.Cluster.Admin.ApplyAsync($"apis/apps/v1/namespaces/{ProbeNamespace}/deployments/probe", Encoding.UTF8.GetBytes(deployment), cancel);
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}
