using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FleetOps.Cluster.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using OpenTelemetry.Exporter;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>What Prometheus sees of ModelDeployments.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class MetricsTests(OperatedCluster cluster)
{
    private const string Interval = "OTEL_METRIC_EXPORT_INTERVAL";

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
        await ScrapeAsync(ns, decompress: true, [Line(ns, "phase", "phase=\"Pending\"")]);

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
            // What meters tell may be a moment old.
            var text = await ScrapeAsync(ns, decompress, [.. expected, "controller_runtime_reconcile_total{"]);

            Assert.DoesNotContain(Line(ns, "phase", "phase=\"Pending\""), text, StringComparison.Ordinal);
            Assert.Equal(1, text.Split("# TYPE fleetops_modeldeployment_phase gauge").Length - 1);
        }

        await ns.Rest.DeleteAsync($"{ns.Models}/told");
        await ScrapeAsync(ns, decompress: true, [], text => !text.Contains($"namespace=\"{ns.Name}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_ModelCache_is_told_beside_the_models()
    {
        var ns = await cluster.NewNamespaceAsync();

        await ns.CreateCacheAsync("told", "{model: {source: hf://o/r/f.gguf}, target: {claimName: weights}}");

        await ScrapeAsync(ns, decompress: true,
        [
            $"\nfleetops_modelcache_phase{{namespace=\"{ns.Name}\",cache=\"told\",phase=\"Pending\"}} 1",
            $"\nfleetops_modelcache_places{{namespace=\"{ns.Name}\",cache=\"told\"}} 1",
            $"\nfleetops_modelcache_ready_places{{namespace=\"{ns.Name}\",cache=\"told\"}} 0",
        ]);
    }

    [Fact]
    public async Task A_collector_is_sent_the_gauges_of_models_and_a_trace_of_each_write()
    {
        var received = new ConcurrentQueue<string>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            received.Enqueue(Encoding.Latin1.GetString(body.ToArray()));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        var ns = await cluster.NewNamespaceAsync();
        // Once it has given up leadership there are no models to tell of.
        Environment.SetEnvironmentVariable(Interval, "200");
        try
        {
            await cluster.RestartOperatorAsync(new() { Endpoint = new(collector.Urls.Single()), Protocol = OtlpExportProtocol.HttpProtobuf });
            await ns.CreateModelAsync("sent");
            await ns.AwaitConditionAsync("sent", "Ready", "False", "WorkersStarting");
            await ns.AwaitEventAsync("sent", "WorkersStarting");
            await Eventually.FindAsync("the model is told", () => Task.FromResult(received.FirstOrDefault(
                export => export.Contains("fleetops_modeldeployment_condition", StringComparison.Ordinal) && export.Contains(ns.Name, StringComparison.Ordinal) && export.Contains("WorkersStarting", StringComparison.Ordinal))));
        }
        finally
        {
            Environment.SetEnvironmentVariable(Interval, null);
            // Ending sends the traces that have not been sent.
            await cluster.RestartOperatorAsync();
        }

        var all = string.Concat(received);
        Assert.All(
            ["fleetops_modeldeployment_phase", "controller_runtime_reconcile_total",
                "reconcile ModelDeployment", "create Deployment", "apply ModelDeployment/status", "event WorkersStarting", "create Event"],
            expected => Assert.Contains(expected, all, StringComparison.Ordinal));
    }

    private static string Line(PlayedNamespace ns, string name, string labels = "") =>
        $"\nfleetops_modeldeployment_{name}{{namespace=\"{ns.Name}\",model=\"told\"{(labels.Length > 0 ? "," + labels : "")}}} 1";

    private async Task<string> ScrapeAsync(PlayedNamespace ns, bool decompress, string[] expected, Func<string, bool>? holds = null)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = decompress ? DecompressionMethods.GZip : DecompressionMethods.None });
        var last = "";
        string[] Missing() => [.. expected.Where(line => !last.Contains(line, StringComparison.Ordinal)).Select(line => line.Trim())];
        try
        {
            return (await Eventually.FindAsync("metrics tell it", async () =>
            {
                last = await http.GetStringAsync(cluster.Operator.Metrics, TestContext.Current.CancellationToken);
                return Missing().Length == 0 && holds?.Invoke(last) != false ? last : null;
            })).Found;
        }
        catch (Xunit.Sdk.FailException e)
        {
            var own = last.Split('\n').Where(line => line.Contains($"namespace=\"{ns.Name}\"", StringComparison.Ordinal));
            Assert.Fail($"{e.Message}\nMissing:\n{string.Join('\n', Missing())}\nLast seen of {ns.Name}:\n{string.Join('\n', own)}");
            throw;
        }
    }
}
