using System.Globalization;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Models;
using Grpc.Core;
using Grpc.Net.Client;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>Dashboards, alerts and autoscalers are written against the metrics of <c>worker-metrics.txt</c>; a change there breaks them.</summary>
public sealed class MetricsContractTests : IDisposable
{
    private const string Token = "a-token-of-this-test";

    private readonly TestAuthority _authority = new("ours");
    private readonly SecretMount _mount = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _mount.Dispose();
    }

    [Fact]
    public async Task Names_types_units_and_labels_are_those_of_the_contract()
    {
        _mount.SwapTls(_authority.IssueServer("worker"), roots: null, ("tokens", Token));
        var security = new SecurityOptions { Certificate = _mount.Path("tls.crt"), Key = _mount.Path("tls.key"), Tokens = _mount.Path("tokens") };
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Security = security });
        using var channel = GrpcChannel.ForAddress($"https://{worker.Channel.Target}", new GrpcChannelOptions { HttpHandler = _authority.Trusting(), DisposeHttpClient = true });
        var client = new Inference.V1.Inference.InferenceClient(channel);
        var identified = new Metadata { { "authorization", $"Bearer {Token}" } };
        await Answer.ReadAsync(client.Generate(new GenerateRequest { Text = "m" }, identified, cancellationToken: Cancellation));
        await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(client.Generate(new GenerateRequest(), identified, cancellationToken: Cancellation)));
        await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(client.Generate(new GenerateRequest(), cancellationToken: Cancellation)));

        var told = "";
        // A request is counted after its client has the answer, so either may be counted first.
        await Until.HoldsAsync(
            async () => (told = await ScrapeAsync(worker)).Contains("error_type=\"invalid\"", StringComparison.Ordinal) && told.Contains("time_per_output_token", StringComparison.Ordinal),
            "both requests are counted");

        Assert.Equal(MetricsContract.Lines, Exposition.Describe(told, MetricNames.Meter).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_callers_mistakes_are_invalid_and_only_what_the_worker_cannot_take_is_refused()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { MaxSequences = 1, MaxWaiting = 1, OutputCapacity = 1 });
        var before = await ScrapeAsync(worker);
        // So that rate() sees the first of each.
        Assert.All(Outcomes.All, outcome => Assert.Contains(Finished("text_completion", outcome, 0), before, StringComparison.Ordinal));
        Assert.All(Outcomes.All, outcome => Assert.Contains(Finished("chat", outcome, 0), before, StringComparison.Ordinal));
        Assert.All(["calls_refused", "calls_unauthenticated", "connections_refused"], name => Assert.Matches($@"(?m)^fleetops_worker_{name}_total(\{{\}})? 0\b", before));

        foreach (var (status, request) in new (StatusCode, GenerateRequest)[]
        {
            (StatusCode.InvalidArgument, new GenerateRequest { Text = "m", N = 99 }),
            (StatusCode.OutOfRange, new GenerateRequest { Text = new string('x', 600) }),
            (StatusCode.NotFound, new GenerateRequest { Text = "m", Adapter = "nobody" }),
        })
        {
            Assert.Equal(status, (await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(request))).StatusCode);
        }

        var embed = await Assert.ThrowsAsync<RpcException>(async () => await worker.Client.EmbedAsync(new EmbedRequest { Inputs = { new EmbedInput { Text = "m" } } }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.FailedPrecondition, embed.StatusCode);
        var holder = await worker.OccupyAsync();
        worker.Enqueue();
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m" }))).StatusCode);
        holder.Cancel();

        await Until.HoldsAsync(
            async () => await ScrapeAsync(worker) is var told
                && new[] { Finished("text_completion", "invalid", 3), Finished("text_completion", "refused", 1), Finished("embeddings", "invalid", 1) }.All(line => told.Contains(line, StringComparison.Ordinal)),
            "three are invalid, one refused, and one asks the wrong model");
    }

    [Fact]
    public async Task Tenants_adapters_and_requests_add_no_series()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        await AskAsync(0);
        await CountedAsync(1);
        var series = Exposition.Series(await ScrapeAsync(worker));

        for (var i = 1; i <= WorkerTelemetry.MostSeries; i++)
        {
            await AskAsync(i);
        }

        await CountedAsync(WorkerTelemetry.MostSeries + 1);
        Assert.Equal(series, Exposition.Series(await ScrapeAsync(worker)));

        async Task AskAsync(int i)
        {
            var metadata = new Metadata { { RequestMetadata.Tenant, $"tenant-{i}" }, { RequestMetadata.RequestId, $"request-{i}" } };
            var request = new GenerateRequest { Text = "m", Stop = new StopOptions { MaxTokens = 2, IgnoreEndOfGeneration = true } };
            await Answer.ReadAsync(worker.Client.Generate(request, metadata, cancellationToken: Cancellation));
            request.Adapter = $"adapter-{i}";
            await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(worker.Client.Generate(request, metadata, cancellationToken: Cancellation)));
        }

        Task CountedAsync(int times) => Until.HoldsAsync(
            async () => await ScrapeAsync(worker) is var told && told.Contains(Finished("text_completion", "length", times), StringComparison.Ordinal) && told.Contains(Finished("text_completion", "invalid", times), StringComparison.Ordinal),
            $"{times} of both kinds are counted");
    }

    [Fact]
    public async Task A_metric_has_no_more_series_than_the_bound()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var metrics = worker.Service<InferenceMetrics>();
        for (var i = 0; i < 5 * WorkerTelemetry.MostSeries; i++)
        {
            metrics.RequestEnded("chat", "successor", $"outcome-{i}", TimeSpan.FromSeconds(1), timeToFirstToken: null, completionTokens: 0);
        }

        await Until.HoldsAsync(async () => (await ScrapeAsync(worker)).Contains("outcome-1\"", StringComparison.Ordinal), "they are told");
        var told = await ScrapeAsync(worker);
        Assert.InRange(Exposition.Series(told, "fleetops_inference_requests_finished_total"), 2, WorkerTelemetry.MostSeries + 1);
        Assert.InRange(Exposition.Series(told, "gen_ai_server_request_duration_seconds_count"), 2, WorkerTelemetry.MostSeries + 1);
    }

    [Fact]
    public async Task An_embedding_model_has_free_slots_and_so_has_one_that_generates()
    {
        await using var encoder = await InProcessWorker.ServeAsync(ModelFiles.Encoder, options => options with { ContextLength = null });
        await SlotsAsync(encoder, encoder.Served.Embedding!.Settings.MaxSequences);
        await using var both = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { Pooling = PoolingType.Last, MaxSequences = 3, OutputCapacity = 1 });
        await SlotsAsync(both, 3);
        var holder = await both.OccupyAsync();
        await SlotsAsync(both, 2);
        holder.Cancel();

        static Task SlotsAsync(InProcessWorker worker, int free) =>
            Until.HoldsAsync(async () => await Scrape.ValueAsync(worker.Http, "fleetops_inference_slots_free") == free, $"{free} slots are free");
    }

    [Fact]
    public async Task A_beginning_that_two_requests_have_in_common_takes_room_in_the_part_of_each()
    {
        const int Common = 200;
        const int Slots = 4;
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = Slots, ContextLength = 512, OutputCapacity = 1 });
        int[] prompt = [.. Enumerable.Repeat(5, Common)];
        var first = worker.Engine.Submit(InProcessWorker.Endless(prompt));
        Assert.True(await first.Admitted);
        await Until.HoldsAsync(() => first.TimeToFirstToken is not null, "its prompt has been computed");
        var second = worker.Engine.Submit(InProcessWorker.Endless(prompt));
        Assert.True(await second.Admitted);
        Assert.Equal(Common - 1, second.CachedTokens);

        await Until.HoldsAsync(
            async () => await Scrape.ValueAsync(worker.Http, "fleetops_inference_kv_cache_usage") is var share && share >= 2.0 * Common / (Slots * 512) && share < 2.0 * (Common + 8) / (Slots * 512),
            "both are in the cache");
        first.Cancel();
        second.Cancel();
    }

    private static string Finished(string operation, string outcome, int requests) => string.Create(
        CultureInfo.InvariantCulture, $"\nfleetops_inference_requests_finished_total{{gen_ai_operation_name=\"{operation}\",gen_ai_request_model=\"successor\",outcome=\"{outcome}\"}} {requests}\n");

    private static Task<string> ScrapeAsync(InProcessWorker worker) => worker.Http.GetStringAsync("/metrics", Cancellation);
}
