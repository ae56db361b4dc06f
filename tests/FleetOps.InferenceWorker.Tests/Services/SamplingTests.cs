using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class SamplingTests
{
    private static readonly OutputOptions WithTokens = new() { TokenIds = true };

    public static TheoryData<string, SamplingOptions> Samplers() => new()
    {
        { "typical_p", new SamplingOptions { TypicalP = 0.3f } },
        { "min_p", new SamplingOptions { MinP = 0.9f, TopP = 1, TopK = 0 } },
        { "xtc", new SamplingOptions { XtcProbability = 1, XtcThreshold = 0.001f } },
        { "top_n_sigma", new SamplingOptions { TopNSigma = 0.5f } },
        { "dry", new SamplingOptions { Dry = new DryOptions { Multiplier = 5, AllowedLength = 0 } } },
        { "mirostat 1", new SamplingOptions { Mirostat = new MirostatOptions { Version = 1, Tau = 1 } } },
        { "mirostat 2", new SamplingOptions { Mirostat = new MirostatOptions { Tau = 0.1f } } },
        { "repeat_penalty", new SamplingOptions { RepeatPenalty = 10, PenaltyWindow = -1 } },
        { "logit_bias", new SamplingOptions { LogitBias = { new LogitBias { TokenId = 70, Bias = 8 } } } },
    };

    [Fact]
    public async Task Each_sampler_changes_what_is_drawn_and_its_seed_brings_it_back()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var plain = (await DrawAsync(worker, new SamplingOptions())).Tokens;
        foreach (var (name, sampling) in Samplers().Select(row => row.Data))
        {
            var once = await DrawAsync(worker, sampling);
            var again = await DrawAsync(worker, sampling);
            Assert.Equal(once.Tokens, again.Tokens);
            Assert.True(!plain.SequenceEqual(once.Tokens), $"{name} changed nothing");
        }
    }

    [Fact]
    public async Task A_bias_of_minus_100_forbids_a_token()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var forbidden = new SamplingOptions { Temperature = 0, LogitBias = { new LogitBias { TokenId = ByteVocabulary.Token("p"), Bias = -100 } } };
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = forbidden, Stop = new StopOptions { MaxTokens = 5 }, Output = WithTokens });
        Assert.StartsWith("no", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(ByteVocabulary.Token("p"), answer.Tokens);
    }

    [Fact]
    public async Task The_dry_penalty_keeps_a_model_from_going_in_circles()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var circle = new GenerateRequest
        {
            Text = "abcabcabc",
            Sampling = new SamplingOptions { Temperature = 0, LogitBias = { new LogitBias { TokenId = ByteVocabulary.Token("d"), Bias = -100 } } },
            Stop = new StopOptions { MaxTokens = 12, IgnoreEndOfGeneration = true },
        };
        var before = (await worker.GenerateAsync(circle)).Text;
        circle.Sampling.Dry = new DryOptions { Multiplier = 50, AllowedLength = 1, SequenceBreakers = { "!" } };
        Assert.NotEqual(before, (await worker.GenerateAsync(circle)).Text);
    }

    [Fact]
    public async Task So_many_tokens_come_before_the_end_as_were_asked_for()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var greedy = new SamplingOptions { Temperature = 0 };
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "y", Sampling = greedy, Stop = new StopOptions { MinTokens = 6 }, Output = WithTokens });
        // z would be followed by the end of the turn.
        Assert.StartsWith("z", answer.Text, StringComparison.Ordinal);
        Assert.True(answer.Finish.Usage.CompletionTokens > 6);
        Assert.DoesNotContain(ByteVocabulary.Token(ByteVocabulary.EndOfTurn), answer.Tokens);

        var late = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = greedy, Stop = new StopOptions { MinTokens = 4, Strings = { "o", "s" } } });
        Assert.Equal(("nopqr", "s"), (late.Text, late.Finish.StopString));
        var complete = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = greedy, Stop = new StopOptions { MinTokens = 9 }, Constraint = new Constraint { Regex = "nop" } });
        Assert.Equal("nop", complete.Text);
    }

    [Fact]
    public async Task A_stop_string_can_stay_in_the_text()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 }, Stop = new StopOptions { Strings = { "rst" }, IncludeStopString = true } });
        Assert.Equal(("nopqrst", "rst", FinishReason.Stop), (answer.Text, answer.Finish.StopString, answer.Finish.Reason));
    }

    private static Task<Answer> DrawAsync(InProcessWorker worker, SamplingOptions sampling)
    {
        var seeded = sampling.Clone();
        seeded.Seed = 11;
        seeded.Temperature = 1;
        return worker.GenerateAsync(new GenerateRequest { Text = "draw", Sampling = seeded, Stop = new StopOptions { MaxTokens = 24, IgnoreEndOfGeneration = true }, Output = WithTokens });
    }
}
