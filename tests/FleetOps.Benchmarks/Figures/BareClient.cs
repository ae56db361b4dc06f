using System.Diagnostics;
using System.Globalization;
using FleetOps.Benchmarks.Cluster;
using k8s;

namespace FleetOps.Benchmarks.Figures;

/// <summary>
/// What the operator is compared with: a process that server-side-applies prepared documents, 16 at a time, and does nothing else. It applies
/// those for warming up, says <c>ready</c>, waits for a line, applies the rest and says the seconds that took.
/// </summary>
internal static class BareClient
{
    private const int InFlight = 16;

    /// <summary>Separates the documents for warming up from the measured ones.</summary>
    public const string Divider = "--";

    /// <param name="kubeConfig">Path of the kubeconfig to connect by.</param>
    /// <param name="documents">A file of lines: path, tab, JSON.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<int> RunAsync(string kubeConfig, string documents, CancellationToken cancel)
    {
        using var api = new ApiClient(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeConfig));
        var lines = await File.ReadAllLinesAsync(documents, cancel);
        var divider = Array.IndexOf(lines, Divider);
        var measured = Parse(lines[(divider + 1)..]);
        await ApplyAsync(api, Parse(lines[..divider]), cancel);
        Console.WriteLine("ready");
        Console.ReadLine();
        var began = Stopwatch.GetTimestamp();
        await ApplyAsync(api, measured, cancel);
        Console.WriteLine(Stopwatch.GetElapsedTime(began).TotalSeconds.ToString(CultureInfo.InvariantCulture));
        // Its CPU time is read while it is still there.
        Console.ReadLine();
        return 0;
    }

    private static (string Path, byte[] Body)[] Parse(string[] lines) =>
        [.. lines.Select(line => line.Split('\t', 2)).Select(parts => (parts[0], System.Text.Encoding.UTF8.GetBytes(parts[1])))];

    private static async Task ApplyAsync(ApiClient api, (string Path, byte[] Body)[] documents, CancellationToken cancel) =>
        await Parallel.ForEachAsync(
            documents,
            new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancel },
            async (document, token) => await api.ApplyAsync(document.Path, document.Body, token));
}
