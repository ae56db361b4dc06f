using System.Diagnostics;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Grpc.Core;
using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>Spans, and what telemetry costs. The processor time of a process is that of all its tests, so nothing else runs meanwhile.</summary>
[Collection(RunsAlone.Name)]
public sealed class TraceTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string CallerId = "b7ad6b7169203331";
    private const int Server = 2;

    private static readonly GenerateRequest Letters = new() { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(OtlpExportProtocol.Grpc)]
    [InlineData(OtlpExportProtocol.HttpProtobuf)]
    public async Task A_request_is_a_span_in_the_trace_of_its_caller_and_its_parts_are_the_children(OtlpExportProtocol protocol)
    {
        await using var collector = await OtlpCollector.StartAsync(protocol);
        var request = new GenerateRequest
        {
            Tokens = new TokenIds { Ids = { Enumerable.Repeat(5, 100) } },
            Sampling = new SamplingOptions { Temperature = 0.5f, TopP = 0.9f, TopK = 30, Seed = 7, FrequencyPenalty = 0.1f },
            Stop = new StopOptions { MaxTokens = 6, IgnoreEndOfGeneration = true },
        };
        FinishInfo finish;
        // Of those without a caller's trace none is taken.
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => Sending(options, collector, share: 0)))
        {
            await worker.GenerateAsync(request);
            finish = (await Answer.ReadAsync(worker.Client.Generate(request, Traced("01", "traced-one"), cancellationToken: Cancellation))).Finish;
        }

        var spans = collector.Spans;
        Assert.Equal(["decode", "prefill", "queue", "text_completion successor"], spans.Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.All(spans, span => Assert.Equal(TraceId, span.TraceId));
        var call = spans.Single(span => span.Kind == Server);
        Assert.Equal((CallerId, false), (call.ParentId, call.IsError));
        foreach (var (name, value) in new (string, object)[]
        {
            ("gen_ai.operation.name", "text_completion"),
            ("gen_ai.provider.name", "fleetops"),
            ("gen_ai.request.model", "successor"),
            ("gen_ai.response.model", "successor"),
            ("gen_ai.response.id", "traced-one"),
            ("gen_ai.response.finish_reasons", "length"),
            ("gen_ai.request.max_tokens", 6L),
            ("gen_ai.request.temperature", 0.5),
            ("gen_ai.request.top_p", 0.9),
            ("gen_ai.request.top_k", 30L),
            ("gen_ai.request.seed", 7L),
            ("gen_ai.request.frequency_penalty", 0.1),
            ("gen_ai.request.presence_penalty", 0.0),
            ("gen_ai.usage.input_tokens", 100L),
            ("gen_ai.usage.output_tokens", 6L),
            ("gen_ai.usage.cache_read.input_tokens", 99L),
            ("fleetops.outcome", "length"),
        })
        {
            Assert.True(value.Equals(call[name]), $"{name} is {call[name]} and not {value}.");
        }

        Assert.Null(call["error.type"]);
        var (queue, prefill, decode) = (Part(spans, "queue"), Part(spans, "prefill"), Part(spans, "decode"));
        Assert.All([queue, prefill, decode], part => Assert.Equal(call.Id, part.ParentId));
        Assert.Equal((100L, 99L, 6L), (prefill["gen_ai.usage.input_tokens"], prefill["gen_ai.usage.cache_read.input_tokens"], decode["gen_ai.usage.output_tokens"]));
        // One follows the other, as the answer's own timings tell.
        Assert.True(call.Start <= queue.Start && decode.End <= call.End);
        Assert.Equal((queue.End, prefill.End), (prefill.Start, decode.Start));
        Assert.Equal(
            [finish.Timings.Queue.ToTimeSpan(), finish.Timings.Prefill.ToTimeSpan(), finish.Timings.Decode.ToTimeSpan()],
            [Length(queue), Length(prefill), Length(decode)]);
    }

    [Fact]
    public async Task A_caller_that_does_not_trace_has_its_request_not_traced()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => Sending(options, collector)))
        {
            await Answer.ReadAsync(worker.Client.Generate(Letters, Traced("00", "not-traced"), cancellationToken: Cancellation));
        }

        Assert.Empty(collector.Spans);
    }

    [Fact]
    public async Task Without_a_trace_of_the_caller_a_request_begins_one_and_each_answer_has_parts_of_its_own()
    {
        await using var collector = await OtlpCollector.StartAsync();
        var request = new GenerateRequest { Text = "m", N = 2, Stop = new StopOptions { MaxTokens = 3, IgnoreEndOfGeneration = true } };
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => Sending(options, collector)))
        {
            await Choices.ReadAsync(worker.Client.Generate(request, cancellationToken: Cancellation), 2);
        }

        var spans = collector.Spans;
        var call = spans.Single(span => span.Kind == Server);
        Assert.Equal(("", 2L, "length,length"), (call.ParentId, call["gen_ai.request.choice.count"], call["gen_ai.response.finish_reasons"]));
        Assert.Equal(
            ["decode 0", "decode 1", "prefill 0", "prefill 1", "queue 0", "queue 1"],
            spans.Where(span => span.ParentId == call.Id && span.TraceId == call.TraceId).Select(span => $"{span.Name} {span["fleetops.choice"]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_went_wrong_is_told_and_only_the_parts_that_there_were()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => Sending(options, collector) with { MaxSequences = 1, OutputCapacity = 1 }))
        {
            await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m", N = 99 }));
            var holder = await worker.OccupyAsync();
            using var waits = worker.Client.Generate(Letters, Traced("01", "waits"), cancellationToken: Cancellation);
            await Until.HoldsAsync(() => worker.Engine.Waiting == 1, "it waits");
            await new Control.ControlClient(worker.Channel).AbortAsync(new AbortRequest { RequestId = "waits" }, cancellationToken: Cancellation);
            await Answer.ReadAsync(waits);
            holder.Cancel();
        }

        var invalid = collector.Spans.Single(span => span.Kind == Server && span["error.type"] is "invalid");
        Assert.True(invalid.IsError);
        Assert.DoesNotContain(collector.Spans, span => span.ParentId == invalid.Id);
        var aborted = collector.Spans.Single(span => span["gen_ai.response.id"] is "waits");
        Assert.Equal(("aborted", true), (aborted["error.type"], aborted.IsError));
        Assert.Equal("queue", Assert.Single(collector.Spans, span => span.ParentId == aborted.Id).Name);
    }

    [Fact]
    public async Task Embeddings_are_traced_too()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Encoder, options => Sending(options, collector) with { ContextLength = null }))
        {
            await worker.Client.EmbedAsync(new EmbedRequest { Inputs = { new EmbedInput { Tokens = new TokenIds { Ids = { 5, 6, 7 } } } } }, Traced("01", "embeds"), cancellationToken: Cancellation);
        }

        var span = Assert.Single(collector.Spans);
        Assert.StartsWith("embeddings ", span.Name, StringComparison.Ordinal);
        Assert.Equal((CallerId, "embeddings", 3L), (span.ParentId, span["gen_ai.operation.name"], span["gen_ai.usage.input_tokens"]));
    }

    [Fact]
    public async Task Metrics_and_traces_are_sent_below_the_path_of_the_collector()
    {
        await using var collector = await OtlpCollector.StartAsync();
        await using (var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Collector = collector.Options("/otlp/") }))
        {
            await worker.GenerateAsync(Letters);
        }

        Assert.Equal(["/otlp/v1/metrics", "/otlp/v1/traces"], collector.Paths.Order(StringComparer.Ordinal));
        Assert.All(
            [MetricNames.RequestDuration, MetricNames.TimeToFirstToken, MetricNames.Finished, MetricNames.GeneratedTokens, MetricNames.PhaseDuration, "outcome", "successor", "service.instance.id"],
            name => Assert.Contains(name, collector.Metrics, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://c:4318", "http://c:4318/v1/metrics")]
    [InlineData("http://c:4318/", "http://c:4318/v1/metrics")]
    [InlineData("http://c:4318/otlp", "http://c:4318/otlp/v1/metrics")]
    [InlineData("https://c/a/b/?key=1", "https://c/a/b/v1/metrics?key=1")]
    public void Over_HTTP_the_path_of_a_signal_comes_after_that_of_the_collector(string address, string metrics)
    {
        Assert.Equal(new Uri(metrics), new CollectorOptions { Endpoint = new Uri(address), Protocol = OtlpExportProtocol.HttpProtobuf }.EndpointOf("metrics"));
        Assert.Equal(new Uri(address), new CollectorOptions { Endpoint = new Uri(address) }.EndpointOf("metrics"));
    }

    [Fact]
    public void Traces_that_nobody_takes_cost_nothing()
    {
        using var traces = new RequestTraces(TimeProvider.System);
        var headers = new Metadata { { "traceparent", $"00-{TraceId}-{CallerId}-01" } };
        var record = new RequestRecord(Operations.Chat, "id", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetTimestamp(), keepsText: false) { Outcome = Outcomes.Stop };
        Assert.Equal(0, Trace(1));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var spans = Trace(1000);
        Assert.Equal((0, 0), (spans, GC.GetAllocatedBytesForCurrentThread() - before));

        int Trace(int times)
        {
            var made = 0;
            for (var i = 0; i < times; i++)
            {
                var span = traces.Begin(Operations.Chat, "model", headers, record.StartedAt);
                made += span is null ? 0 : 1;
                traces.End(span, record, TimeSpan.FromSeconds(1));
            }

            return made;
        }
    }

    [Fact]
    public async Task Metrics_and_traces_cost_less_than_a_hundredth_of_the_work()
    {
        const int Requests = 40;
        const int Tokens = 64;
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var request = new GenerateRequest { Text = "go on", Stop = new StopOptions { MaxTokens = Tokens, IgnoreEndOfGeneration = true }, Sampling = new SamplingOptions { Temperature = 0 } };
        await worker.GenerateAsync(request);
        var before = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < Requests; i++)
        {
            await worker.GenerateAsync(request);
        }

        var work = (Environment.CpuUsage.TotalTime - before) / Requests;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RequestTraces.Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        var generation = worker.Enqueue();
        await generation.Admitted;
        generation.Cancel();
        var telemetry = Enumerable.Range(0, 5).Min(_ => Measure(worker, generation));
        TestContext.Current.TestOutputHelper?.WriteLine($"{telemetry.TotalMicroseconds:0.0} µs of {work.TotalMicroseconds:0} µs: {telemetry / work:P2}");
        Assert.True(telemetry < work * 0.01, $"Telemetry takes {telemetry.TotalMicroseconds:0.0} µs of the {work.TotalMicroseconds:0} µs of a request with {Tokens} tokens.");

        // What one request of so many tokens records: each batch, and its end.
        static TimeSpan Measure(InProcessWorker worker, Generation generation)
        {
            const int Times = 500;
            var metrics = worker.Service<InferenceMetrics>();
            var traces = worker.Service<RequestTraces>();
            var headers = new Metadata { { "traceparent", $"00-{TraceId}-{CallerId}-01" } };
            var record = new RequestRecord("text_completion", "id", TimeProvider.System.GetUtcNow(), TimeProvider.System.GetTimestamp(), keepsText: false)
            {
                Outcome = "length",
                Generations = [generation],
                FinishReasons = ["length"],
            };
            var started = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Times; i++)
            {
                for (var token = 0; token < Tokens; token++)
                {
                    metrics.BatchComputed(8);
                }

                var span = traces.Begin("text_completion", "random", headers, record.StartedAt);
                metrics.RequestEnded("text_completion", "random", "length", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), Tokens);
                traces.End(span, record, TimeSpan.FromSeconds(1));
            }

            return (Environment.CpuUsage.TotalTime - started) / Times;
        }
    }

    private static ServeOptions Sending(ServeOptions options, OtlpCollector collector, double share = 1) => options with { Collector = collector.Options() with { TraceShare = share } };

    private static Metadata Traced(string flags, string requestId) => new() { { "traceparent", $"00-{TraceId}-{CallerId}-{flags}" }, { RequestMetadata.RequestId, requestId } };

    private static OtlpSpan Part(IEnumerable<OtlpSpan> spans, string name) => spans.Single(span => span.Name == name);

    private static TimeSpan Length(OtlpSpan span) => TimeSpan.FromTicks((long)(span.End - span.Start) / TimeSpan.NanosecondsPerTick);
}
