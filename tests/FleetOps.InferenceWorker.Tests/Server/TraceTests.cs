using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using FleetOps.Inference.V1;
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

    private static readonly GenerateRequest Letters = new() { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("01", 1)]
    [InlineData("00", 0)]
    public async Task A_request_becomes_a_span_in_the_trace_of_its_caller_if_it_is_traced(string flags, int spans)
    {
        var received = new ConcurrentQueue<byte[]>();
        await using var collector = await HttpSource.StartAsync(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            received.Enqueue(body.ToArray());
        });
        // Of those without a caller's trace none is taken.
        await using (var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Successor, options => options with { Traces = new TracingOptions { Endpoint = collector.Address, Protocol = OtlpExportProtocol.HttpProtobuf, Share = 0 } }))
        {
            await worker.GenerateAsync(Letters);
            var metadata = new Metadata { { "traceparent", $"00-{TraceId}-{CallerId}-{flags}" }, { RequestMetadata.RequestId, "traced-one" } };
            await Answer.ReadAsync(worker.Client.Generate(Letters, metadata, cancellationToken: Cancellation));
        }

        Assert.Equal(spans, received.Count);
        foreach (var export in received)
        {
            Assert.True(export.AsSpan().IndexOf(Convert.FromHexString(TraceId)) >= 0, "The span is in the caller's trace.");
            Assert.True(export.AsSpan().IndexOf(Convert.FromHexString(CallerId)) >= 0, "The span is the child of the caller's.");
            var text = Encoding.Latin1.GetString(export);
            Assert.All(
                ["text_completion successor", "traced-one", "gen_ai.usage.output_tokens", "first token", "fleetops-worker"],
                expected => Assert.Contains(expected, text, StringComparison.Ordinal));
            // Neither prompts nor answers are told to anybody.
            Assert.DoesNotContain("nopqrs", text, StringComparison.Ordinal);
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
        var telemetry = Enumerable.Range(0, 5).Min(_ => Measure(worker));
        TestContext.Current.TestOutputHelper?.WriteLine($"{telemetry.TotalMicroseconds:0.0} µs of {work.TotalMicroseconds:0} µs: {telemetry / work:P2}");
        Assert.True(telemetry < work * 0.01, $"Telemetry takes {telemetry.TotalMicroseconds:0.0} µs of the {work.TotalMicroseconds:0} µs of a request with {Tokens} tokens.");

        // What one request of so many tokens records: each batch, and its end.
        static TimeSpan Measure(InProcessWorker worker)
        {
            const int Times = 500;
            var metrics = worker.Service<InferenceMetrics>();
            var traces = worker.Service<RequestTraces>();
            var headers = new Metadata { { "traceparent", $"00-{TraceId}-{CallerId}-01" } };
            var started = Environment.CpuUsage.TotalTime;
            for (var i = 0; i < Times; i++)
            {
                for (var token = 0; token < Tokens; token++)
                {
                    metrics.BatchComputed(8);
                }

                metrics.RequestEnded("text_completion", "random", "length", TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100), Tokens);
                traces.RequestEnded(headers, "id", "text_completion", "random", "length", TimeSpan.FromSeconds(1), 5, Tokens, generation: null);
            }

            return (Environment.CpuUsage.TotalTime - started) / Times;
        }
    }
}
