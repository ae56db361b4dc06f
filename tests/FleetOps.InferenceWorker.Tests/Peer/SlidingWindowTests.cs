using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Peer;

/// <summary>A model some of whose layers see only the last tokens: what lies behind the window is gone, so little of it can be taken over by other requests.</summary>
public sealed class SlidingWindowTests
{
    private const int ContextLength = 512;
    private const int Slots = 4;
    private const int BatchTokens = 64;
    private const int MaxTokens = 2 * SlidingWindowModel.Window;

    [Fact]
    public async Task A_model_with_a_sliding_window_says_what_llama_server_says_alone_at_once_and_again()
    {
        var opening = string.Concat(Enumerable.Repeat("the red cat sees a ball; ", 6));
        string[] prompts = ["m", "why?", opening, opening + "and then", opening + "but " + opening[..40]];
        await using var server = await LlamaServer.StartAsync(ModelFiles.SlidingWindow, ContextLength, Slots, BatchTokens);
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.SlidingWindow, options => options with { ContextLength = ContextLength, MaxSequences = Slots, BatchTokens = BatchTokens });

        var expected = new List<int[]>();
        foreach (var prompt in prompts)
        {
            var alone = await AskAsync(worker, prompt);
            // llama-server lists the end-of-generation token too, the worker does not.
            var (_, tokens) = await server.CompleteAsync(prompt, MaxTokens);
            expected.Add(alone.Finish.Reason == FinishReason.Stop ? tokens[..^1] : tokens);
            Assert.Equal(expected[^1], alone.Tokens);
        }

        // Or nothing would have left the window.
        Assert.Contains(expected, tokens => tokens.Length > SlidingWindowModel.Window);
        for (var round = 0; round < 2; round++)
        {
            var together = await Task.WhenAll(prompts.Select(prompt => AskAsync(worker, prompt)));
            Assert.All(expected.Zip(together), pair => Assert.Equal(pair.First, pair.Second.Tokens));
        }
    }

    private static Task<Answer> AskAsync(InProcessWorker worker, string prompt) => worker.GenerateAsync(new GenerateRequest
    {
        Text = prompt,
        Sampling = new SamplingOptions { Temperature = 0 },
        Stop = new StopOptions { MaxTokens = MaxTokens },
        Output = new OutputOptions { TokenIds = true },
    });
}
