using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using FleetOps.Benchmarks.Fleet;
using FleetOps.Benchmarks.Processes;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Figures;

/// <summary>
/// Many ModelDeployments created at once, against a bare client that applies the same children. Both start with a fresh etcd and API server,
/// warm up on 64 ModelDeployments' worth of objects, connect as the operator's service account and are seen by the same watches.
/// </summary>
internal sealed class BurstFigure(Report report, string program, int count, int runs)
{
    private const double Goal = 1.3;
    private const int WarmUp = 64;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public async Task MeasureAsync(CancellationToken cancel)
    {
        var ours = new List<BurstRun>();
        var bare = new List<BurstRun>();
        for (var run = 1; run <= runs; run++)
        {
            ours.Add(await OperatorAsync(cancel));
            Tell("operator", run, ours[^1]);
            bare.Add(await BareAsync(ours[^1].Documents, cancel));
            Tell("bare client", run, bare[^1]);
        }

        var size = string.Create(CultureInfo.InvariantCulture, $"burst of {count}");
        var (operatorSeconds, bareSeconds) = (ours.Select(r => r.Seconds).Median(), bare.Select(r => r.Seconds).Median());
        report.AtMost($"{size}: operator / bare client", operatorSeconds / bareSeconds, "ratio", Goal);
        report.Info($"{size}: operator, first create sent to last child and status seen (median)", operatorSeconds, "s");
        report.Info($"{size}: bare client, go to last child seen (median)", bareSeconds, "s");
        report.Info($"{size}: operator, until the last child was seen", ours.Select(r => r.ChildrenSeconds).Median(), "s");
        report.Info($"{size}: operator, until the users' creates were answered", ours.Select(r => r.OwnSeconds).Median(), "s");
        report.Info($"{size}: bare client, by its own clock", bare.Select(r => r.OwnSeconds).Median(), "s");
        foreach (var (what, writes) in ours[^1].Writes)
        {
            report.Info($"{size}: operator's writes, {what}", writes, "requests");
        }

        CpuSplit.Report(report, $"{size}, operator", ours.Select(r => r.Cpu));
        CpuSplit.Report(report, $"{size}, bare client", bare.Select(r => r.Cpu));
    }

    private async Task<BurstRun> OperatorAsync(CancellationToken cancel)
    {
        await using var cluster = await BenchCluster.StartAsync(cancel);
        await using var watch = await FleetWatch.StartAsync(cluster, wholeDeployments: false, cancel);
        await using var running = OperatorProcess.Start(program, cluster);
        await running.UntilLeadingAsync(cancel);
        var fleet = new ModelFleet(cluster);
        await fleet.PrepareAsync(cancel);
        await fleet.WarmUpAsync(WarmUp, cancel);
        await watch.QuietAsync(TimeSpan.FromSeconds(3), cancel);
        await running.UntilCaughtUpAsync(cancel);
        var each = watch.WarmUpChildren / WarmUp;
        if (each == 0 || each * WarmUp != watch.WarmUpChildren)
        {
            throw new InvalidOperationException($"{WarmUp} ModelDeployments got {watch.WarmUpChildren} children, which is not the same number each; see {running.LogPath}.");
        }

        var mark = cluster.Audit.Mark();
        var cpu = CpuSplit.Begin(Processes(cluster, ("operator", running.Id)));
        var began = Stopwatch.GetTimestamp();
        var children = watch.WhenAsync($"{each} children of each ModelDeployment exist", () => watch.Children == each * count, Limit, cancel);
        var all = watch.WhenAsync("all children exist and all statuses are written", () => watch.Children == each * count && watch.Told == count, Limit, cancel);
        await fleet.CreateAsync(0, count, cancel);
        var created = Stopwatch.GetElapsedTime(began);
        var ended = await all;
        var used = cpu.End();
        var writes = AuditedWrite.Count(cluster.Audit.Since(mark));
        await watch.QuietAsync(TimeSpan.FromSeconds(2), cancel);
        return new(Seconds(began, ended), Seconds(began, await children), created.TotalSeconds, used, writes, await DocumentsAsync(cluster, watch.Kinds, cancel));
    }

    private async Task<BurstRun> BareAsync(IReadOnlyList<string> documents, CancellationToken cancel)
    {
        await using var cluster = await BenchCluster.StartAsync(cancel);
        await using var watch = await FleetWatch.StartAsync(cluster, wholeDeployments: false, cancel);
        await new ModelFleet(cluster).PrepareAsync(cancel);
        var file = Path.Combine(cluster.Folder, "documents");
        await File.WriteAllLinesAsync(file, documents, cancel);
        using var client = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["bare-client", cluster.OperatorKubeConfig, file])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            await ReadAsync(client, cancel);
            await watch.QuietAsync(TimeSpan.FromSeconds(3), cancel);
            var expected = documents.Count - 1 - documents.ToList().IndexOf(BareClient.Divider);
            var mark = cluster.Audit.Mark();
            var cpu = CpuSplit.Begin(Processes(cluster, ("bare client", client.Id)));
            var began = Stopwatch.GetTimestamp();
            var all = watch.WhenAsync("all children exist", () => watch.Children == expected, Limit, cancel);
            await client.StandardInput.WriteLineAsync("go".AsMemory(), cancel);
            var own = double.Parse(await ReadAsync(client, cancel), CultureInfo.InvariantCulture);
            var ended = await all;
            var used = cpu.End();
            await client.StandardInput.WriteLineAsync("end".AsMemory(), cancel);
            await client.WaitForExitAsync(cancel);
            return new(Seconds(began, ended), Seconds(began, ended), own, used, AuditedWrite.Count(cluster.Audit.Since(mark)), []);
        }
        finally
        {
            if (!client.HasExited)
            {
                client.Kill();
            }
        }
    }

    // The order is the operator's: the children of one ModelDeployment after those of another.
    private static async Task<IReadOnlyList<string>> DocumentsAsync(BenchCluster cluster, IReadOnlyList<ChildKind> kinds, CancellationToken cancel)
    {
        var planned = await PlannedChildren.OfAsync(cluster, cancel);
        var children = new List<(string Namespace, string Owner, string Line)>();
        foreach (var kind in kinds)
        {
            foreach (var item in (await cluster.Admin.GetAsync(kind.Everywhere, cancel))["items"]!.AsArray())
            {
                var metadata = item!["metadata"]!;
                if (metadata["ownerReferences"]?[0] is { } owner && (string?)owner["kind"] == "ModelDeployment")
                {
                    var document = planned.DocumentOf(item, kind.ApiVersion, kind.Kind);
                    var ns = (string)metadata["namespace"]!;
                    children.Add((ns, (string)owner["name"]!, $"{kind.PathOf(ns, (string)metadata["name"]!)}\t{document.ToJsonString()}"));
                }
            }
        }

        var ordered = children.OrderBy(c => c.Owner, StringComparer.Ordinal).ToLookup(c => c.Namespace == FleetNames.WarmUp, c => c.Line);
        return [.. ordered[true], BareClient.Divider, .. ordered[false]];
    }

    private static IEnumerable<(string Name, int Id)> Processes(BenchCluster cluster, (string Name, int Id) contender) =>
        [("etcd", cluster.ProcessIds[0]), ("kube-apiserver", cluster.ProcessIds[1]), contender, ("the harness", Environment.ProcessId)];

    private static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;

    private static async Task<string> ReadAsync(Process client, CancellationToken cancel) =>
        await client.StandardOutput.ReadLineAsync(cancel) ?? throw new InvalidOperationException("The bare client ended early; what it said is above.");

    private static void Tell(string who, int run, BurstRun burst) => Progress.Say(string.Create(
        CultureInfo.InvariantCulture,
        $"burst run {run}, {who}: {burst.Seconds:0.00} s; CPU {string.Join(", ", burst.Cpu.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name} {p.Seconds:0.0} s")))}; writes {string.Join(", ", burst.Writes.Select(w => $"{w.Key} {w.Value}"))}"));
}
