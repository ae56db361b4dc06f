using System.Text.RegularExpressions;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>What tools of others rely on: reflection, health, names of metrics.</summary>
public sealed partial class ContractTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reflection_lists_the_services_and_gives_their_descriptors()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        using var call = new ServerReflection.ServerReflectionClient(worker.Channel).ServerReflectionInfo(cancellationToken: Cancellation);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        var services = call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ToList();
        Assert.Contains("fleetops.inference.v1.Inference", services);
        Assert.Contains("fleetops.inference.v1.Control", services);
        Assert.Contains("grpc.health.v1.Health", services);

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "fleetops.inference.v1.Inference" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        var files = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom).ToList();
        var inference = files.SelectMany(file => file.Service).Single(service => service.Name == "Inference");
        Assert.Equal(["Generate", "Chat", "Embed", "Rerank", "Tokenize", "Detokenize", "ApplyTemplate"], inference.Method.Select(method => method.Name));
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task Reflection_speaks_both_of_its_versions()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        using var call = new global::Grpc.Reflection.V1.ServerReflection.ServerReflectionClient(worker.Channel).ServerReflectionInfo(cancellationToken: Cancellation);
        await call.RequestStream.WriteAsync(new global::Grpc.Reflection.V1.ServerReflectionRequest { FileByFilename = "fleetops/inference/v1/options.proto" }, Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        Assert.Contains(
            call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom),
            file => file.MessageType.Any(message => message.Name == "SamplingOptions"));
        await call.RequestStream.CompleteAsync();
    }

    [Fact]
    public async Task A_watch_of_the_health_hears_of_the_drain()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { DrainDelay = TimeSpan.FromSeconds(1) });
        using var watch = new Health.HealthClient(worker.Channel).Watch(new HealthCheckRequest { Service = "readiness" }, cancellationToken: Cancellation);
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, watch.ResponseStream.Current.Status);
        var ended = worker.StopAsync();
        Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task An_unknown_service_has_no_health()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Health.HealthClient(worker.Channel).CheckAsync(new HealthCheckRequest { Service = "nobody" }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task The_names_of_the_metrics_are_those_that_dashboards_know()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } });
        await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = new string('x', 600) }));
        var metrics = "";
        // A request is counted after its client has the answer, so either may be counted first.
        await Until.HoldsAsync(
            async () => (metrics = await ScrapeAsync(worker)).Contains("error_type=\"refused\"", StringComparison.Ordinal) && metrics.Contains("outcome=\"stop\"", StringComparison.Ordinal),
            "both requests are counted");

        Assert.Equal(
            [
                "fleetops_inference_batch_size histogram",
                "fleetops_inference_kv_cache_kept gauge",
                "fleetops_inference_kv_cache_usage gauge",
                "fleetops_inference_requests_finished_total counter",
                "fleetops_inference_requests_running gauge",
                "fleetops_inference_requests_waiting gauge",
                "fleetops_inference_slots_free gauge",
                "fleetops_inference_tokens_accepted_total counter",
                "fleetops_inference_tokens_cached_total counter",
                "fleetops_inference_tokens_drafted_total counter",
                "fleetops_inference_tokens_generated_total counter",
                "fleetops_inference_tokens_prompt_total counter",
                "fleetops_worker_calls_open gauge",
                "fleetops_worker_connections_open gauge",
                "fleetops_worker_phase_duration_seconds gauge",
                "gen_ai_server_request_duration_seconds histogram",
                "gen_ai_server_time_per_output_token_seconds histogram",
                "gen_ai_server_time_to_first_token_seconds histogram",
                "target_info gauge",
            ],
            TypeLine().Matches(metrics).Select(match => match.Groups["metric"].Value).Order(StringComparer.Ordinal));
        Assert.Contains("fleetops_inference_requests_finished_total{gen_ai_operation_name=\"text_completion\",gen_ai_request_model=\"successor\",outcome=\"stop\"} 1", metrics, StringComparison.Ordinal);
        Assert.Contains("error_type=\"refused\"", metrics, StringComparison.Ordinal);
        Assert.Contains("fleetops_worker_phase_duration_seconds{phase=\"Loading\"}", metrics, StringComparison.Ordinal);
        // The warm-up adds one of each; its prompt may be the beginning of that of the request, and is computed once then.
        Assert.Matches(@"(?m)^fleetops_inference_tokens_prompt_total(\{\})? [23]\b", metrics);
        Assert.Matches(@"(?m)^fleetops_inference_tokens_generated_total(\{\})? 15\b", metrics);
    }

    private static Task<string> ScrapeAsync(InProcessWorker worker) => worker.Http.GetStringAsync("/metrics", Cancellation);

    [GeneratedRegex("^# TYPE (?<metric>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TypeLine();
}
