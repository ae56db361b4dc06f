using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>The metrics of <c>worker-metrics.txt</c>, which dashboards, alerts and autoscalers are written against.</summary>
internal static class MetricsContract
{
    private static readonly string[] WithSecurity = ["fleetops_worker_certificate_expiry_seconds", "fleetops_worker_files_reloads_total"];

    /// <summary>A line for each metric of a worker that serves TLS, asks for tokens and has fetched its model: name, type, unit, labels.</summary>
    public static IReadOnlyList<string> Lines { get; } =
    [
        .. File.ReadLines(Path.Combine(NativeTools.RepositoryRoot(), "tests", "FleetOps.InferenceWorker.Tests", "Server", "worker-metrics.txt"))
            .Where(static line => line.Length > 0 && line[0] != '#' && !line.StartsWith("fleetops_worker_fetch_remaining_seconds ", StringComparison.Ordinal)),
    ];

    /// <summary>Name and type of each metric of a worker that has neither TLS nor tokens.</summary>
    public static IReadOnlyList<string> PlainNamesAndTypes { get; } =
        [.. Lines.Select(static line => line.Split(' ')).Where(static words => !WithSecurity.Contains(words[0])).Select(static words => $"{words[0]} {words[1]}")];
}
