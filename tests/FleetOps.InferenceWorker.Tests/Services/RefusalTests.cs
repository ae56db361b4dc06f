using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class RefusalTests
{
    public static TheoryData<string, GenerateRequest> WrongRequests() => new()
    {
        { "prompt", new GenerateRequest() },
        { "text", new GenerateRequest { Text = "", AddSpecial = false } },
        { "tokens.ids", new GenerateRequest { Tokens = new TokenIds() } },
        { "tokens.ids[1]", new GenerateRequest { Tokens = new TokenIds { Ids = { 5, 384 } } } },
        { "tokens.ids[0]", new GenerateRequest { Tokens = new TokenIds { Ids = { -1 } } } },
        { "n", new GenerateRequest { Text = "m", N = 0 } },
        { "n", new GenerateRequest { Text = "m", N = 17 } },
        { "output.top_logprobs", new GenerateRequest { Text = "m", Output = new OutputOptions { Logprobs = true, TopLogprobs = 21 } } },
        { "output.top_logprobs", new GenerateRequest { Text = "m", Output = new OutputOptions { TopLogprobs = 2 } } },
        { "stop.min_tokens", Stop(options => options.MinTokens = -1) },
        { "stop.min_tokens", Stop(options => (options.MinTokens, options.MaxTokens) = (3, 2)) },
        { "stop.max_duration", Stop(options => options.MaxDuration = new Duration()) },
        { "stop.max_duration", Stop(options => options.MaxDuration = new Duration { Seconds = -1, Nanos = 5 }) },
        { "stop.max_duration", Stop(options => options.MaxDuration = new Duration { Seconds = long.MaxValue }) },
        { "stop.ignore_end_of_generation", new GenerateRequest { Text = "m", Constraint = new Constraint { Regex = "a" }, Stop = new StopOptions { IgnoreEndOfGeneration = true } } },
        { "stop.max_tokens", Stop(options => options.MaxTokens = 0) },
        { "stop.strings[1]", Stop(options => options.Strings.AddRange(["fine", ""])) },
        { "stop.strings[0]", Stop(options => options.Strings.Add(new string('x', 1025))) },
        { "stop.strings", Stop(options => options.Strings.AddRange(Enumerable.Repeat("x", 17))) },
        { "stop.token_ids[0]", Stop(options => options.TokenIds.Add(1000)) },
        { "stop.token_ids", Stop(options => options.TokenIds.AddRange(Enumerable.Repeat(1, 65))) },
    };

    public static TheoryData<string, GenerateRequest> WrongSampling() => new()
    {
        { "sampling.temperature", Sampling(options => options.Temperature = -0.1f) },
        { "sampling.temperature", Sampling(options => options.Temperature = float.NaN) },
        { "sampling.temperature", Sampling(options => options.Temperature = float.PositiveInfinity) },
        { "sampling.top_k", Sampling(options => options.TopK = -1) },
        { "sampling.top_p", Sampling(options => options.TopP = 0) },
        { "sampling.top_p", Sampling(options => options.TopP = 1.1f) },
        { "sampling.min_p", Sampling(options => options.MinP = 2) },
        { "sampling.repeat_penalty", Sampling(options => options.RepeatPenalty = 0) },
        { "sampling.frequency_penalty", Sampling(options => options.FrequencyPenalty = 3) },
        { "sampling.presence_penalty", Sampling(options => options.PresencePenalty = -3) },
        { "sampling.penalty_window", Sampling(options => options.PenaltyWindow = -2) },
        { "sampling.typical_p", Sampling(options => options.TypicalP = 0) },
        { "sampling.xtc_probability", Sampling(options => options.XtcProbability = 1.5f) },
        { "sampling.xtc_threshold", Sampling(options => options.XtcThreshold = -1) },
        { "sampling.top_n_sigma", Sampling(options => options.TopNSigma = float.NaN) },
        { "sampling.dry.multiplier", Sampling(options => options.Dry = new DryOptions { Multiplier = -1 }) },
        { "sampling.dry.base", Sampling(options => options.Dry = new DryOptions { Base = 0.5f }) },
        { "sampling.dry.allowed_length", Sampling(options => options.Dry = new DryOptions { AllowedLength = -1 }) },
        { "sampling.dry.window", Sampling(options => options.Dry = new DryOptions { Window = -2 }) },
        { "sampling.dry.sequence_breakers[0]", Sampling(options => options.Dry = new DryOptions { SequenceBreakers = { "" } }) },
        { "sampling.dry.sequence_breakers[0]", Sampling(options => options.Dry = new DryOptions { SequenceBreakers = { "a\0" } }) },
        { "sampling.mirostat.version", Sampling(options => options.Mirostat = new MirostatOptions { Version = 3 }) },
        { "sampling.mirostat.tau", Sampling(options => options.Mirostat = new MirostatOptions { Tau = 0 }) },
        { "sampling.mirostat.eta", Sampling(options => options.Mirostat = new MirostatOptions { Eta = 2 }) },
        { "sampling.logit_bias[0].token_id", Sampling(options => options.LogitBias.Add(new LogitBias { TokenId = 384 })) },
        { "sampling.logit_bias[0].bias", Sampling(options => options.LogitBias.Add(new LogitBias { Bias = float.PositiveInfinity })) },
        { "sampling.logit_bias[1].token_id", Sampling(options => options.LogitBias.AddRange([new LogitBias { TokenId = 5 }, new LogitBias { TokenId = 5 }])) },
    };

    [Fact]
    public async Task A_wrong_field_is_refused_by_its_name()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        foreach (var (field, request) in WrongRequests().Concat(WrongSampling()).Select(row => row.Data))
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(request));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Equal([field], error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Select(violation => violation.Field));
        }

        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
    }

    [Fact]
    public async Task All_wrong_fields_are_told_at_once()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var request = new ChatRequest { Messages = { new ChatMessage { Content = "hi" } }, Sampling = new SamplingOptions { TopP = 7, MinP = -1 } };
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.ChatAsync(request));
        Assert.Equal(
            ["sampling.top_p", "sampling.min_p", "messages[0].role"],
            error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Select(violation => violation.Field));

        error = await Assert.ThrowsAsync<RpcException>(() => worker.ChatAsync(new ChatRequest()));
        Assert.Equal(["messages"], error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Select(violation => violation.Field));
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_with_both_numbers()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { ContextLength = 64 });
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Tokens = new TokenIds { Ids = { Enumerable.Repeat(5, 64) } } }));
        Assert.Equal(StatusCode.OutOfRange, error.StatusCode);
        var info = error.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
        Assert.Equal(("PROMPT_TOO_LONG", "64", "64"), (info.Reason, info.Metadata["prompt_tokens"], info.Metadata["context_length"]));

        var fits = await worker.GenerateAsync(new GenerateRequest { Tokens = new TokenIds { Ids = { Enumerable.Repeat(5, 63) } } });
        Assert.Equal(1, fits.Finish.Usage.CompletionTokens);
    }

    [Fact]
    public async Task A_full_queue_is_refused_with_a_time_to_come_back()
    {
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Successor, options => options with { MaxSequences = 1, MaxWaiting = 2, OutputCapacity = 1 });
        var holder = await worker.OccupyAsync();
        worker.Enqueue();
        var last = worker.Enqueue();

        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m" }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.InRange(error.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan(), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        // Tokenizing takes no slot, so it is answered all the same.
        Assert.NotEmpty((await worker.TokenizeAsync(new TokenizeRequest { Text = "m" })).TokenIds);

        // One that gives up in the queue makes room at once.
        last.Cancel();
        using var waiting = worker.Client.Generate(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: TestContext.Current.CancellationToken);
        await Until.HoldsAsync(() => worker.Engine.Waiting == 2, "the request waits");
        holder.Cancel();
    }

    [Fact]
    public async Task A_tenant_with_half_of_the_queue_is_refused_and_others_are_not()
    {
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Successor, options => options with { MaxSequences = 1, MaxWaiting = 4, OutputCapacity = 1 });
        await worker.OccupyAsync();
        using var first = Ask("greedy");
        using var second = Ask("greedy");
        await Until.HoldsAsync(() => worker.Engine.Waiting == 2, "two wait");

        using var third = Ask("greedy");
        var error = await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(third));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("2 requests of the tenant 'greedy' are waiting already", error.Status.Detail, StringComparison.Ordinal);
        Assert.NotNull(error.GetRpcStatus()!.GetDetail<RetryInfo>());
        using var other = Ask("modest");
        using var nobody = Ask("");
        await Until.HoldsAsync(() => worker.Engine.Waiting == 4, "the others wait too");

        AsyncServerStreamingCall<GenerateResponse> Ask(string tenant) => worker.Client.Generate(
            new GenerateRequest { Text = "m" }, new Metadata { { RequestMetadata.Tenant, tenant } }, cancellationToken: TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_request_id_of_the_client_comes_back_and_a_bad_one_is_replaced()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        async Task<string?> Sent(string id)
        {
            using var call = worker.Client.Generate(new GenerateRequest { Text = "z" }, new Metadata { { RequestMetadata.RequestId, id } }, cancellationToken: TestContext.Current.CancellationToken);
            return (await call.ResponseHeadersAsync).GetValue(RequestMetadata.RequestId);
        }

        Assert.Equal("order-66", await Sent("order-66"));
        var replaced = await Sent(new string('x', 200));
        Assert.Equal(32, replaced!.Length);
    }

    private static GenerateRequest Sampling(Action<SamplingOptions> set)
    {
        var request = new GenerateRequest { Text = "m", Sampling = new SamplingOptions() };
        set(request.Sampling);
        return request;
    }

    private static GenerateRequest Stop(Action<StopOptions> set)
    {
        var request = new GenerateRequest { Text = "m", Stop = new StopOptions() };
        set(request.Stop);
        return request;
    }
}
