using FleetOps.InferenceWorker.Engine.Batching;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class PromptPaceTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan Token = TimeSpan.FromMilliseconds(2);

    [Fact]
    public void Without_streams_prompts_get_whole_batches() => Assert.Equal(512, Measured().Budget(decoding: 0, prompts: 1));

    [Fact]
    public void Before_anything_was_measured_each_prompt_gets_the_least()
    {
        var pace = new PromptPace(8, 512);
        Assert.Equal(PromptPace.LeastTokens, pace.Budget(decoding: 8, prompts: 1));
        Assert.Equal(3 * PromptPace.LeastTokens, pace.Budget(decoding: 8, prompts: 3));
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(5, 500)]
    [InlineData(6, 512)]
    public void Each_prompt_may_take_eight_times_as_long_as_a_step_of_the_streams(int prompts, int expected) =>
        Assert.Equal(expected, Measured().Budget(decoding: 8, prompts));

    [Fact]
    public void A_prompt_of_slow_tokens_still_gets_the_least()
    {
        var pace = new PromptPace(8, 512);
        pace.Note(decoding: 8, promptTokens: 0, Step);
        pace.Note(decoding: 0, promptTokens: 512, TimeSpan.FromSeconds(100));
        Assert.Equal(PromptPace.LeastTokens, pace.Budget(decoding: 8, prompts: 1));
    }

    [Fact]
    public void What_streams_take_is_not_counted_as_the_prompts()
    {
        var pace = Measured();
        for (var i = 0; i < 50; i++)
        {
            pace.Note(decoding: 8, promptTokens: 100, Step + (100 * Token));
        }

        Assert.Equal(100, pace.Budget(decoding: 8, prompts: 1));
    }

    [Fact]
    public void A_count_of_streams_that_was_never_measured_is_taken_for_the_nearest_that_was()
    {
        var pace = Measured();
        Assert.Equal(100, pace.Budget(decoding: 5, prompts: 1));
        pace.Note(decoding: 2, promptTokens: 0, Step * 0.8);
        Assert.Equal(80, pace.Budget(decoding: 4, prompts: 1));
        Assert.Equal(100, pace.Budget(decoding: 7, prompts: 1));
    }

    [Fact]
    public void One_batch_that_was_held_up_counts_for_little()
    {
        var pace = Measured();
        pace.Note(decoding: 0, promptTokens: 512, TimeSpan.FromMinutes(1));
        Assert.InRange(pace.Budget(decoding: 8, prompts: 1), 75, 100);
    }

    private static PromptPace Measured()
    {
        var pace = new PromptPace(8, 512);
        pace.Note(decoding: 8, promptTokens: 0, Step);
        pace.Note(decoding: 0, promptTokens: 512, 512 * Token);
        return pace;
    }
}
