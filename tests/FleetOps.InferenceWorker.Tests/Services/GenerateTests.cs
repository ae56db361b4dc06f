using System.Text;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class GenerateTests
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    [Fact]
    public async Task A_stream_is_one_prompt_then_pieces_then_one_finish()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = Greedy });

        Assert.Equal("nopqrstuvwxyz", answer.Text);
        Assert.Equal(FinishReason.Stop, answer.Finish.Reason);
        Assert.Equal(FinishInfo.MatchedStopOneofCase.None, answer.Finish.MatchedStopCase);
        Assert.Equal(2, answer.Prompt.PromptTokens);
        Assert.Equal((2, 14), (answer.Finish.Usage.PromptTokens, answer.Finish.Usage.CompletionTokens));
        Assert.True(answer.Finish.Timings.Prefill.ToTimeSpan() > TimeSpan.Zero);
        Assert.True(answer.Finish.Timings.Decode.ToTimeSpan() > TimeSpan.Zero);
    }

    [Fact]
    public async Task Tokens_as_prompt_give_what_their_text_gives()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        var tokens = await worker.TokenizeAsync(new TokenizeRequest { Text = "the thing <|im_end|> and so on" });
        var stop = new StopOptions { MaxTokens = 20, IgnoreEndOfGeneration = true };
        var output = new OutputOptions { TokenIds = true };

        var byText = await worker.GenerateAsync(new GenerateRequest { Text = "the thing <|im_end|> and so on", Sampling = Greedy, Stop = stop, Output = output });
        var byTokens = await worker.GenerateAsync(new GenerateRequest { Tokens = new TokenIds { Ids = { tokens.TokenIds } }, Sampling = Greedy, Stop = stop, Output = output });
        Assert.Equal(20, byText.Tokens.Count);
        Assert.Equal(byText.Tokens, byTokens.Tokens);
    }

    [Theory]
    [InlineData("rst", "nopq", 7)]
    [InlineData("n", "", 1)]
    [InlineData("z", "nopqrstuvwxy", 13)]
    public async Task A_stop_string_over_token_borders_ends_the_text_before_it(string stop, string text, int tokens)
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = Greedy, Stop = new StopOptions { Strings = { "never", stop } } });

        Assert.Equal(text, answer.Text);
        Assert.Equal((FinishReason.Stop, stop), (answer.Finish.Reason, answer.Finish.StopString));
        Assert.Equal(tokens, answer.Finish.Usage.CompletionTokens);
        Assert.Equal(0, worker.Engine.Running);
    }

    [Fact]
    public async Task What_only_looked_like_a_stop_string_is_shown_in_the_end()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = Greedy, Stop = new StopOptions { Strings = { "xyz!" } } });
        Assert.Equal("nopqrstuvwxyz", answer.Text);
        Assert.Equal(FinishInfo.MatchedStopOneofCase.None, answer.Finish.MatchedStopCase);
    }

    [Fact]
    public async Task A_stop_token_ends_the_text_and_is_named()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var q = (await worker.TokenizeAsync(new TokenizeRequest { Text = "q", AddSpecial = false })).TokenIds.Single();
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = Greedy, Stop = new StopOptions { TokenIds = { q } } });
        Assert.Equal("nop", answer.Text);
        Assert.Equal((FinishReason.Stop, q), (answer.Finish.Reason, answer.Finish.StopTokenId));
    }

    [Fact]
    public async Task The_bound_on_tokens_ends_the_text_with_length()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = Greedy, Stop = new StopOptions { MaxTokens = 3 } });
        Assert.Equal("nop", answer.Text);
        Assert.Equal((FinishReason.Length, 3), (answer.Finish.Reason, answer.Finish.Usage.CompletionTokens));
    }

    [Fact]
    public async Task Prompt_and_answer_together_fill_the_context_and_no_more()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { ContextLength = 100 });
        var answer = await worker.GenerateAsync(new GenerateRequest { Text = "fill it", Sampling = Greedy, Stop = new StopOptions { IgnoreEndOfGeneration = true } });
        Assert.Equal(FinishReason.Length, answer.Finish.Reason);
        Assert.Equal(100, answer.Finish.Usage.PromptTokens + answer.Finish.Usage.CompletionTokens);
    }

    [Fact]
    public async Task Characters_that_are_spread_over_tokens_arrive_whole()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        for (var i = 0; i < 5; i++)
        {
            var answer = await worker.GenerateAsync(new GenerateRequest
            {
                Text = $"naïve café ☕ {i}",
                Sampling = new SamplingOptions { Temperature = 1.5f, TopK = 0, TopP = 1, MinP = 0, Seed = (uint)i },
                Stop = new StopOptions { MaxTokens = 300, IgnoreEndOfGeneration = true },
                Output = new OutputOptions { TokenIds = true },
            });
            var bytes = answer.Tokens.SelectMany(token => worker.Served.Model.Vocabulary.TokenToPiece(token)).ToArray();
            Assert.Equal(300, answer.Tokens.Count);
            Assert.Equal(Encoding.UTF8.GetString(bytes), answer.Text);
            Assert.All(answer.Pieces, piece => Assert.False(piece.Length > 0 && char.IsHighSurrogate(piece[^1])));
        }
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_tokens_and_the_drawn_seed_is_told()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random);
        Task<Answer> Ask(uint? seed)
        {
            var sampling = new SamplingOptions { Temperature = 1 };
            if (seed is { } value)
            {
                sampling.Seed = value;
            }

            return worker.GenerateAsync(new GenerateRequest
            {
                Text = "draw",
                Sampling = sampling,
                Stop = new StopOptions { MaxTokens = 40, IgnoreEndOfGeneration = true },
                Output = new OutputOptions { TokenIds = true },
            });
        }

        var seven = await Ask(7);
        Assert.Equal(7u, seven.Prompt.Seed);
        Assert.Equal(seven.Tokens, (await Ask(7)).Tokens);
        Assert.NotEqual(seven.Tokens, (await Ask(8)).Tokens);
        var drawn = await Ask(null);
        Assert.Equal(drawn.Tokens, (await Ask(drawn.Prompt.Seed)).Tokens);
        Assert.Equal((await Ask(uint.MaxValue)).Tokens, (await Ask(uint.MaxValue)).Tokens);
    }

    [Fact]
    public async Task Penalties_change_what_a_greedy_model_repeats()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var request = new GenerateRequest { Text = "aaaaaaaaaaaag", Sampling = new SamplingOptions { Temperature = 0 }, Stop = new StopOptions { MaxTokens = 40, IgnoreEndOfGeneration = true } };
        var plain = await worker.GenerateAsync(request);
        Assert.StartsWith("hijklmnopqrstuvwxyz", plain.Text, StringComparison.Ordinal);
        Assert.Contains("ab", plain.Text, StringComparison.Ordinal);

        // The letters of the prompt count as recent too: so many that the model does not begin again with a.
        request.Sampling.FrequencyPenalty = 2;
        request.Sampling.PenaltyWindow = -1;
        Assert.DoesNotContain("ab", (await worker.GenerateAsync(request)).Text, StringComparison.Ordinal);
    }
}
