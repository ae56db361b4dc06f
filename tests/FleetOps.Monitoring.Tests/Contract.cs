using System.Text.RegularExpressions;

namespace FleetOps.Monitoring.Tests;

/// <summary>Every metric that there is: those that the tests of the operator and the worker keep as they are, and those of others.</summary>
internal static partial class Contract
{
    // Of .NET itself and of NVIDIA's exporter in its usual settings.
    private static readonly string[] Others =
    [
        "dotnet_process_memory_working_set_bytes", "dotnet_process_cpu_time_seconds_total", "dotnet_gc_last_collection_heap_size_bytes",
        "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_FB_FREE", "DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_XID_ERRORS",
    ];

    /// <summary>The labels of each metric; null where no test tells them.</summary>
    public static IReadOnlyDictionary<string, string[]?> Metrics { get; } = Read();

    private static Dictionary<string, string[]?> Read()
    {
        var metrics = Others.Concat(Rule.All.Where(static rule => !rule.IsAlert).Select(static rule => rule.Name)).ToDictionary(static name => name, static _ => (string[]?)null, StringComparer.Ordinal);
        foreach (Match line in Told().Matches(Text("FleetOps.InferenceWorker.Tests", "Server", "worker-metrics.txt")))
        {
            string[] labels = line.Groups["labels"].Value is "-" ? [] : line.Groups["labels"].Value.Split(',');
            var isHistogram = line.Groups["type"].Value == "histogram";
            foreach (var suffix in isHistogram ? ["_bucket", "_count", "_sum"] : (string[])[""])
            {
                metrics.Add(line.Groups["name"].Value + suffix, suffix == "_bucket" ? [.. labels, "le"] : labels);
            }
        }

        string[] labelled =
        [
            Text("FleetOps.ControllerRuntime.Tests", "Integration", "MetricsContractTests.cs"), Text("FleetOps.Operator.Tests", "Metrics", "ModelTextTests.cs"),
        ];
        foreach (Match line in labelled.SelectMany(static text => Labelled().Matches(text)))
        {
            metrics.Add(line.Groups["name"].Value, line.Groups["labels"].Value.Split(','));
        }

        return metrics;
    }

    private static string Text(params string[] path) => File.ReadAllText(Checkout.File(["tests", .. path]));

    [GeneratedRegex(@"^(?<name>\w+) (?<type>gauge|counter|histogram) \S+ (?<labels>\S+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Told();

    [GeneratedRegex(@"^\s+(?<name>\w+)\{(?<labels>[a-z_,]+)\}$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Labelled();
}
