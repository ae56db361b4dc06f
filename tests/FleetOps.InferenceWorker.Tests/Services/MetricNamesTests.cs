using System.Text.Json;
using System.Text.RegularExpressions;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;
using FleetOps.ModelStore.Sources;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>The metrics by their names and counts.</summary>
public sealed partial class MetricNamesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_names_of_the_metrics_are_those_that_dashboards_know()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } });
        await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = new string('x', 600) }));
        var metrics = "";
        // A request is counted after its client has the answer, so either may be counted first.
        await Until.HoldsAsync(
            async () => (metrics = await ScrapeAsync(worker)).Contains("error_type=\"invalid\"", StringComparison.Ordinal) && metrics.Contains("outcome=\"stop\"", StringComparison.Ordinal),
            "both requests are counted");

        Assert.Equal(
            MetricsContract.PlainNamesAndTypes,
            TypeLine().Matches(metrics).Select(match => match.Groups["metric"].Value).Order(StringComparer.Ordinal));
        Assert.Contains("fleetops_inference_requests_finished_total{gen_ai_operation_name=\"text_completion\",gen_ai_request_model=\"successor\",outcome=\"stop\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("error_type=\"invalid\"", metrics, StringComparison.Ordinal);
        Assert.Contains("fleetops_worker_phase_duration_seconds{phase=\"Loading\"}", metrics, StringComparison.Ordinal);
        // The warm-up adds one of each; its prompt may be the beginning of that of the request, and is computed once then.
        Assert.Matches(@"(?m)^fleetops_inference_tokens_prompt_total(\{\})? [23]\b", metrics);
        Assert.Matches(@"(?m)^fleetops_inference_tokens_generated_total(\{\})? 15\b", metrics);
    }

    [Fact]
    public async Task While_a_model_is_fetched_its_progress_is_told()
    {
        var model = await File.ReadAllBytesAsync(ModelFiles.Random, Cancellation);
        await using var source = await HttpSource.StartAsync(async context =>
        {
            context.Response.ContentLength = model.Length;
            for (var sent = 0; sent < model.Length; sent += 1000)
            {
                await context.Response.Body.WriteAsync(model.AsMemory(sent, Math.Min(1000, model.Length - sent)), context.RequestAborted);
                await Task.Delay(TimeSpan.FromMilliseconds(100), context.RequestAborted);
            }
        });
        var models = Directory.CreateTempSubdirectory("fleetops-models");
        await using (var worker = await InProcessWorker.StartAsync(
            ModelSource.Parse($"{source.Address}m.gguf"),
            options => options with
            {
                Model = options.Model with { Sha256 = new string('0', 64) },
                Fetching = options.Fetching with { ModelDirectory = models.FullName },
                FitCheck = FitCheck.Off,
            }))
        {
            await Until.HoldsAsync(async () => FetchRate().IsMatch(await ScrapeAsync(worker)), "the rate is told");
            var metrics = await ScrapeAsync(worker);
            Assert.Matches($@"(?m)^fleetops_worker_fetch_size_bytes(\{{\}})? {model.Length}\b", metrics);
            Assert.Matches(@"(?m)^fleetops_worker_fetch_remaining_seconds(\{\})? [0-9]*[1-9]", metrics);
            Assert.Matches(@"(?m)^fleetops_worker_fetch_fetched_bytes(\{\})? [1-9]", metrics);
            using var state = JsonDocument.Parse(await worker.Http.GetStringAsync("/state", Cancellation));
            Assert.True(state.RootElement.GetProperty("bytesPerSecond").GetDouble() > 0);
            Assert.True(state.RootElement.GetProperty("secondsLeft").GetDouble() > 0);
        }

        models.Delete(recursive: true);
    }

    private static Task<string> ScrapeAsync(InProcessWorker worker) => worker.Http.GetStringAsync("/metrics", Cancellation);

    [GeneratedRegex(@"^fleetops_worker_fetch_rate_bytes_per_second(\{\})? [1-9]", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FetchRate();

    [GeneratedRegex("^# TYPE (?<metric>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeLine();
}
