using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>Several answers to one request, log-probabilities, and requests that end before their answer does.</summary>
public sealed class ChoicesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Several_answers_are_those_of_the_seeds_counted_up()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        GenerateRequest Request(uint seed) => new()
        {
            Text = "choose",
            Sampling = new SamplingOptions { Temperature = 1, Seed = seed },
            Stop = new StopOptions { MaxTokens = 12, IgnoreEndOfGeneration = true },
        };
        var several = Request(40);
        several.N = 3;

        var choices = await Choices.ReadAsync(worker.Client.Generate(several, cancellationToken: Cancellation), 3);

        Assert.Equal(40u, choices.Prompt.Seed);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal((await worker.GenerateAsync(Request((uint)(40 + i)))).Text, choices.Texts[i]);
            Assert.Equal((FinishReason.Length, 12), (choices.Finishes[i].Reason, choices.Finishes[i].Usage.CompletionTokens));
        }

        Assert.Equal(3, choices.Texts.Distinct().Count());
    }

    [Fact]
    public async Task Answers_that_do_not_fit_into_the_queue_leave_nothing_behind()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { MaxSequences = 1, MaxWaiting = 2, OutputCapacity = 1 });
        var holder = await worker.OccupyAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() => Choices.ReadAsync(worker.Client.Generate(new GenerateRequest { Text = "m", N = 3 }, cancellationToken: Cancellation), 3));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        await Until.HoldsAsync(() => worker.Engine.Waiting == 0, "no answer of the refused request waits");
        holder.Cancel();
    }

    [Fact]
    public async Task Log_probabilities_come_with_their_alternatives()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        using var call = worker.Client.Generate(
            new GenerateRequest
            {
                Text = "how likely",
                Sampling = new SamplingOptions { Temperature = 0 },
                Stop = new StopOptions { MaxTokens = 8, IgnoreEndOfGeneration = true },
                Output = new OutputOptions { TokenIds = true, Logprobs = true, TopLogprobs = 5 },
            },
            cancellationToken: Cancellation);
        var pieces = await call.ResponseStream.ReadAllAsync(Cancellation).Where(message => message.Piece is not null).Select(message => message.Piece).ToListAsync(Cancellation);
        var logprobs = pieces.SelectMany(piece => piece.Logprobs).ToList();

        Assert.Equal(8, logprobs.Count);
        Assert.Equal(pieces.SelectMany(piece => piece.TokenIds), logprobs.Select(token => token.TokenId));
        Assert.All(logprobs, token =>
        {
            Assert.True(token.Logprob <= 0);
            Assert.Equal(5, token.Top.Count);
            // Greedy: the chosen one is the best.
            Assert.Equal((token.TokenId, token.Logprob, token.Piece), (token.Top[0].TokenId, token.Top[0].Logprob, token.Top[0].Piece));
            Assert.Equal(token.Top.OrderByDescending(top => top.Logprob).Select(top => top.TokenId), token.Top.Select(top => top.TokenId));
            Assert.True(token.Top.Sum(top => Math.Exp(top.Logprob)) <= 1.0001);
        });
    }

    [Fact]
    public async Task An_aborted_request_frees_its_slot_and_ends_with_what_there_is()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 8192, MaxSequences = 2 });
        var headers = new Metadata { { RequestMetadata.RequestId, "job-1" } };
        using var call = worker.Client.Generate(Long(2), headers, cancellationToken: Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        using var queued = worker.Client.Generate(Long(1), headers, cancellationToken: Cancellation);
        await Until.HoldsAsync(() => worker.Engine.Waiting == 1, "the second request waits");

        var control = new Control.ControlClient(worker.Channel);
        Assert.Equal(2, (await control.AbortAsync(new AbortRequest { RequestId = "job-1" }, cancellationToken: Cancellation)).Aborted);
        Assert.Equal(0, (await control.AbortAsync(new AbortRequest { RequestId = "job-1" }, cancellationToken: Cancellation)).Aborted);
        Assert.Equal(0, (await control.AbortAsync(new AbortRequest { RequestId = "nobody" }, cancellationToken: Cancellation)).Aborted);
        await Until.HoldsAsync(() => worker.Engine.Running == 0, "the slots are free");

        var finishes = await call.ResponseStream.ReadAllAsync(Cancellation).Where(message => message.Finish is not null).Select(message => message.Finish.Reason).ToListAsync(Cancellation);
        Assert.Equal([FinishReason.Cancelled, FinishReason.Cancelled], finishes);
        var never = await Answer.ReadAsync(queued);
        Assert.Equal((FinishReason.Cancelled, 0, ""), (never.Finish.Reason, never.Finish.Usage.CompletionTokens, never.Text));
    }

    [Fact]
    public async Task A_request_that_takes_longer_than_it_wants_ends_with_what_there_is()
    {
        var clock = new FakeTimeProvider();
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Slow, options => options with { ContextLength = 8192, MaxSequences = 1 }, clock: clock);
        var request = Long(1);
        request.Stop.MaxDuration = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(300));
        using var call = worker.Client.Generate(request, cancellationToken: Cancellation);
        GenerateResponse last;
        do
        {
            Assert.True(await call.ResponseStream.MoveNext(Cancellation));
            last = call.ResponseStream.Current;
        }
        while (last.Piece is null);
        clock.Advance(TimeSpan.FromMilliseconds(300));
        var finish = await call.ResponseStream.ReadAllAsync(Cancellation).Select(message => message.Finish).LastAsync(Cancellation);
        Assert.Equal(FinishReason.Deadline, finish.Reason);
        Assert.True(finish.Usage.CompletionTokens > 0);
        Assert.Equal(0, worker.Engine.Running);
    }

    [Fact]
    public async Task Tokens_found_in_the_cache_are_told_and_only_to_the_tenant_and_salt_that_computed_them()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var request = new GenerateRequest { Text = new string('p', 300), Sampling = new SamplingOptions { Temperature = 0 }, Stop = new StopOptions { MaxTokens = 2, IgnoreEndOfGeneration = true } };
        async Task<Answer> AskAsync(string tenant, string salt)
        {
            var metadata = new Metadata { { RequestMetadata.Tenant, tenant }, { RequestMetadata.CacheSalt, salt } };
            return await Answer.ReadAsync(worker.Client.Generate(request, metadata, cancellationToken: Cancellation));
        }

        Assert.Equal(0, (await AskAsync("a", "")).Prompt.CachedTokens);
        var again = await AskAsync("a", "");
        Assert.InRange(again.Prompt.CachedTokens, 200, 300);
        Assert.Equal(again.Prompt.CachedTokens, again.Finish.Usage.CachedPromptTokens);
        Assert.Equal(0, (await AskAsync("b", "")).Prompt.CachedTokens);
        Assert.Equal(0, (await AskAsync("a", "salt")).Prompt.CachedTokens);
    }

    [Fact]
    public async Task Wrong_metadata_is_refused_by_its_name()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        foreach (var (name, value) in new[] { (RequestMetadata.Priority, "high"), (RequestMetadata.Priority, "101"), (RequestMetadata.Tenant, new string('x', 200)) })
        {
            using var call = worker.Client.Generate(new GenerateRequest { Text = "m" }, new Metadata { { name, value } }, cancellationToken: Cancellation);
            var error = await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(call));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Contains(name, error.Status.Detail, StringComparison.Ordinal);
        }

        using var fine = worker.Client.Generate(
            new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } },
            new Metadata { { RequestMetadata.Priority, "-5" }, { RequestMetadata.Tenant, "team a" }, { RequestMetadata.CacheSalt, "s" } },
            cancellationToken: Cancellation);
        Assert.Equal("nopqrstuvwxyz", (await Answer.ReadAsync(fine)).Text);
    }

    private static GenerateRequest Long(int choices) => new()
    {
        Text = "long",
        Sampling = new SamplingOptions { Temperature = 0 },
        Stop = new StopOptions { IgnoreEndOfGeneration = true },
        N = choices,
    };
}
