using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.ModelStore.Sources;
using FleetOps.Soak;
using FleetOps.TestModels;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class LifecycleTests
{
    private static readonly GenerateRequest Long = new() { Text = "go on", Stop = new StopOptions { IgnoreEndOfGeneration = true }, Sampling = new SamplingOptions { Temperature = 0 } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_the_model_is_fetched_the_worker_tells_its_state_and_refuses_requests()
    {
        // Accepts connections and never answers.
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var source = ModelSource.Parse($"http://{silent.LocalEndpoint}/model.gguf");
        var models = Directory.CreateTempSubdirectory("fleetops-models");
        await using var worker = await InProcessWorker.StartAsync(source, options => options with
        {
            Model = options.Model with { Sha256 = new string('0', 64) },
            Fetching = options.Fetching with { ModelDirectory = models.FullName },
        });

        Assert.Equal("Fetching", (await StateOf(worker)).GetProperty("phase").GetString());
        Assert.Equal(HttpStatusCode.OK, await StatusOf(worker, "/healthz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOf(worker, "/readyz"));
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(Long));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        error = await Assert.ThrowsAsync<RpcException>(async () => await new Control.ControlClient(worker.Channel).GetModelInfoAsync(new GetModelInfoRequest(), cancellationToken: Cancellation));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        var info = await new Control.ControlClient(worker.Channel).GetServerInfoAsync(new GetServerInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal("Fetching", info.Phase);
        Assert.Equal("NotServing", await HealthOf(worker, ""));
        Assert.Equal("Serving", await HealthOf(worker, "liveness"));

        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(WorkerPhase.Stopped, worker.State.Phase);
        models.Delete(recursive: true);
    }

    [Fact]
    public async Task A_serving_worker_tells_what_it_serves_and_with_what()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { ModelName = "noise", MaxSequences = 3 });
        var state = await StateOf(worker);
        Assert.Equal("Serving", state.GetProperty("phase").GetString());
        Assert.Equal(["Fetching", "Verifying", "Loading", "Warming", "Serving"], state.GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("phase").GetString()));
        Assert.All(state.GetProperty("phases").EnumerateArray(), phase => Assert.True(phase.GetProperty("seconds").GetDouble() >= 0));
        var steps = state.GetProperty("startup").EnumerateArray().ToDictionary(step => step.GetProperty("step").GetString()!, step => step.GetProperty("seconds").GetDouble());
        Assert.Equal(["Context", "Digest", "Open", "Runtime", "Tensors", "WarmUp"], steps.Keys.Order(StringComparer.Ordinal));
        Assert.All(steps.Values, seconds => Assert.True(seconds >= 0));
        Assert.Equal("Cpu", state.GetProperty("backend").GetProperty("selected").GetString());
        Assert.NotEqual("", state.GetProperty("backend").GetProperty("why").GetString());
        Assert.Equal("CPU", state.GetProperty("backend").GetProperty("devices")[0].GetProperty("name").GetString());
        var model = state.GetProperty("model");
        Assert.Equal(("llama", "noise", "F32", 512), (model.GetProperty("architecture").GetString(), model.GetProperty("name").GetString(), model.GetProperty("quantization").GetString(), model.GetProperty("contextLength").GetInt32()));
        Assert.Equal(64, model.GetProperty("sha256").GetString()!.Length);

        var control = new Control.ControlClient(worker.Channel);
        var info = await control.GetModelInfoAsync(new GetModelInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal(("noise", "llama", 512, 2048, 384, true), (info.Name, info.Architecture, info.ContextLength, info.TrainedContextLength, info.VocabularySize, info.HasChatTemplate));
        Assert.Equal(model.GetProperty("sha256").GetString(), info.Sha256);
        Assert.Equal(0.8f, info.DefaultSampling.Temperature);
        var server = await control.GetServerInfoAsync(new GetServerInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal(("Serving", 3, 1, "Cpu", "F16"), (server.Phase, server.MaxSequences, server.Threads, server.Backend.Selected, server.KvCacheType));
        Assert.NotEqual("", server.EngineVersion);
        foreach (var service in new[] { "", "liveness", "readiness", "fleetops.inference.v1.Inference", "fleetops.inference.v1.Control" })
        {
            await Until.HoldsAsync(async () => await HealthOf(worker, service) == "Serving", $"the health of '{service}' says so");
        }
    }

    [Fact]
    public async Task A_drain_lets_running_streams_end_and_refuses_new_ones()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 300 });
        using var stream = worker.Client.Generate(Long, cancellationToken: Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));

        var ended = worker.StopAsync();
        await Until.HoldsAsync(async () => await StatusOf(worker, "/readyz") == HttpStatusCode.ServiceUnavailable, "the worker is not ready");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(worker, "/healthz"));
        await Until.HoldsAsync(async () => await HealthOf(worker, "") == "NotServing", "its health says so");
        await Until.HoldsAsync(async () => (await Record.ExceptionAsync(() => worker.GenerateAsync(new GenerateRequest { Text = "m", Stop = new StopOptions { MaxTokens = 1 } }))) is RpcException { StatusCode: StatusCode.Unavailable }, "new requests are refused");

        FinishInfo? finish = null;
        while (await stream.ResponseStream.MoveNext(Cancellation))
        {
            finish = stream.ResponseStream.Current.Finish ?? finish;
        }

        Assert.Equal(FinishReason.Length, finish!.Reason);
        Assert.Equal(300, finish.Usage.PromptTokens + finish.Usage.CompletionTokens);
        Assert.Equal(0, await ended);
        Assert.Equal(WorkerPhase.Stopped, worker.State.Phase);
    }

    [Fact]
    public async Task During_the_drain_delay_new_requests_are_still_served()
    {
        var clock = new FakeTimeProvider();
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { DrainDelay = TimeSpan.FromSeconds(2) }, clock: clock);
        var ended = worker.StopAsync();
        await Until.HoldsAsync(async () => await StatusOf(worker, "/readyz") == HttpStatusCode.ServiceUnavailable, "the worker is not ready");
        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
        Assert.False(ended.IsCompleted);
        await Until.HoldsAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(2));
                return ended.IsCompleted;
            },
            "the worker ends after the delay");
        Assert.Equal(0, await ended);
    }

    [Fact]
    public async Task A_drain_that_takes_too_long_cuts_streams_off()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { DrainTimeout = TimeSpan.FromMilliseconds(50), OutputCapacity = 4 });
        await worker.OccupyAsync();
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0, worker.Engine.Running);
    }

    [Fact]
    public async Task A_deadline_bounds_the_queue()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { MaxSequences = 1, OutputCapacity = 4 }, clock: new FakeTimeProvider());
        // Without a passing of time no wait is expected, so nobody is refused for one.
        await worker.OccupyAsync();
        var deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(200);
        using var call = worker.Client.Generate(Long, deadline: deadline.UtcDateTime, cancellationToken: Cancellation);
        var error = await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(call));
        Assert.True(GivenUp.ByDeadline(error, deadline), error.ToString());
        await Until.HoldsAsync(() => worker.Engine.Waiting == 0, "it has left the queue");
    }

    [Fact]
    public async Task A_deadline_ends_a_running_stream_and_frees_its_slot()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 8192 });
        var deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(500);
        using var call = worker.Client.Generate(Long, deadline: deadline.UtcDateTime, cancellationToken: Cancellation);
        var error = await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(call));
        Assert.True(GivenUp.ByDeadline(error, deadline), error.ToString());
        await Until.HoldsAsync(() => worker.Engine.Running == 0, "the slot is free");
    }

    [Fact]
    public async Task A_client_that_cancels_or_goes_away_frees_its_slot()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 8192 });
        using (var call = worker.Client.Generate(Long, cancellationToken: Cancellation))
        {
            Assert.True(await call.ResponseStream.MoveNext(Cancellation));
            Assert.Equal(1, worker.Engine.Running);
        }

        await Until.HoldsAsync(() => worker.Engine.Running == 0, "the slot is free after the call was cancelled");

        using (var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress($"http://{worker.Channel.Target}"))
        {
            var call = new Inference.V1.Inference.InferenceClient(channel).Generate(Long, cancellationToken: Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(Cancellation));
            Assert.Equal(1, worker.Engine.Running);
        }

        await Until.HoldsAsync(() => worker.Engine.Running == 0, "the slot is free after the connection was lost");
    }

    [Fact]
    public async Task A_client_that_keeps_the_connection_and_reads_nothing_loses_its_slot()
    {
        var model = Path.Combine(Directory.CreateTempSubdirectory("fleetops-models").FullName, "long.gguf");
        RandomModel.Write(model, new LlamaShape(32, Layers: 1, Heads: 1, KeyValueHeads: 1, FeedForward: 32, ContextLength: 65_536));
        await using var worker = await InProcessWorker.ServeAsync(
            model, options => options with { ContextLength = 32_768, MaxSequences = 1, OutputCapacity = 32, SlowReaderTimeout = TimeSpan.FromSeconds(10) });
        var request = Long.Clone();
        request.Output = new OutputOptions { TokenIds = true };
        using var call = worker.Client.Generate(request, cancellationToken: Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));

        // The buffers on the way take some thousand tokens; then the sequence pauses, and then it is over.
        await Until.HoldsAsync(() => worker.Engine.Running == 0, "the slot is free");
        Assert.InRange(worker.Engine.Counters.SampledTokens, 1000, 32_000);
        await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.ReadAllAsync(Cancellation).CountAsync(Cancellation).AsTask());
    }

    private static async Task<JsonElement> StateOf(InProcessWorker worker) =>
        JsonDocument.Parse(await worker.Http.GetStringAsync("/state", Cancellation)).RootElement;

    private static async Task<HttpStatusCode> StatusOf(InProcessWorker worker, string path)
    {
        using var response = await worker.Http.GetAsync(path, Cancellation);
        return response.StatusCode;
    }

    private static async Task<string> HealthOf(InProcessWorker worker, string service) =>
        (await new Health.HealthClient(worker.Channel).CheckAsync(new HealthCheckRequest { Service = service }, cancellationToken: Cancellation)).Status.ToString();
}
