using System.Net;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>What Prometheus sees of ModelDeployments.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class MetricsTests(OperatedCluster cluster)
{
    private const string Serving = """
        {"phase":"Serving","since":"2026-01-01T00:00:20Z","model":{"architecture":"llama","parameters":1000000,"quantization":"F16"},
         "phases":[{"phase":"Fetching","seconds":12.5},{"phase":"Loading","seconds":3},{"phase":"Serving","seconds":1}]}
        """;

    [Fact]
    public async Task A_model_is_told_while_it_is_there_compressed_or_not()
    {
        var ns = await cluster.NewNamespaceAsync();
        cluster.Worker.State = Serving;
        await ns.CreateModelAsync("told");
        await ScrapeAsync(decompress: true, text => text.Contains(Line(ns, "phase", "phase=\"Pending\""), StringComparison.Ordinal));

        await ns.SetRunningAsync(await ns.CreatePodAsync("told"), ready: true);
        string[] expected =
        [
            Line(ns, "info", "architecture=\"llama\",quantization=\"F16\""),
            Line(ns, "phase", "phase=\"Ready\""),
            Line(ns, "condition", "type=\"Ready\",status=\"True\",reason=\"AllWorkersReady\""),
            Line(ns, "ready_replicas"),
            Line(ns, "gpus"),
            Line(ns, "startup_seconds", "phase=\"Fetching\"") + "2.5",
        ];
        foreach (var decompress in new[] { true, false })
        {
            var text = await ScrapeAsync(decompress, text => expected.All(line => text.Contains(line, StringComparison.Ordinal)));

            Assert.DoesNotContain(Line(ns, "phase", "phase=\"Pending\""), text, StringComparison.Ordinal);
            Assert.Contains("controller_runtime_reconcile_total{", text, StringComparison.Ordinal);
            Assert.Equal(1, text.Split("# TYPE fleetops_modeldeployment_phase gauge").Length - 1);
        }

        await ns.Rest.DeleteAsync($"{ns.Models}/told");
        await ScrapeAsync(decompress: true, text => !text.Contains($"namespace=\"{ns.Name}\"", StringComparison.Ordinal));
    }

    private static string Line(PlayedNamespace ns, string name, string labels = "") =>
        $"\nfleetops_modeldeployment_{name}{{namespace=\"{ns.Name}\",model=\"told\"{(labels.Length > 0 ? "," + labels : "")}}} 1";

    private async Task<string> ScrapeAsync(bool decompress, Func<string, bool> holds)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = decompress ? DecompressionMethods.GZip : DecompressionMethods.None });
        var last = "";
        try
        {
            return (await Eventually.FindAsync("metrics tell it", async () =>
            {
                last = await http.GetStringAsync(cluster.Operator.Metrics, TestContext.Current.CancellationToken);
                return holds(last) ? last : null;
            })).Found;
        }
        catch (Xunit.Sdk.FailException e)
        {
            Assert.Fail($"{e.Message} Last seen: {string.Join('\n', last.Split('\n').Where(line => line.StartsWith("fleetops_modeldeployment_", StringComparison.Ordinal)))}");
            throw;
        }
    }
}
