using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;

namespace FleetOps.InferenceWorker.Tests.Peer;

/// <summary>
/// The worker's greedy output is that of llama.cpp's own server on the same file with the same settings, for 50 questions
/// through the chat template and 50 raw prompts, one at a time and eight at once.
/// </summary>
public sealed class GreedyEqualityTests
{
    private const int Prompts = 50;
    private const int ContextLength = 1024;
    private const int Slots = 8;
    private const int BatchTokens = 512;
    private const int MaxTokens = 900;

    private sealed record Question(string Text, string Answer);

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Chat_answers_what_llama_server_answers(int atOnce)
    {
        var questions = Questions();
        await using var server = await LlamaServer.StartAsync(ModelFiles.Demo, ContextLength, Slots, BatchTokens);
        var expected = await ForEachAsync(questions, atOnce, question => server.ChatAsync(question.Text, MaxTokens));

        await using var worker = await ServeAsync();
        var actual = await ForEachAsync(questions, atOnce, question => worker.ChatAsync(new ChatRequest
        {
            Messages = { new ChatMessage { Role = "user", Content = question.Text } },
            Sampling = new SamplingOptions { Temperature = 0 },
            Stop = new StopOptions { MaxTokens = MaxTokens },
        }));
        Assert.Equal(expected, actual.Select(answer => answer.Text));

        // The model was trained to say just this, so equal nonsense would be noticed too.
        Assert.Equal(questions.Select(question => question.Answer), actual.Select(answer => answer.Text));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Generate_continues_raw_prompts_as_llama_server_does_token_by_token(int atOnce)
    {
        var prompts = RawPrompts();
        await using var server = await LlamaServer.StartAsync(ModelFiles.Demo, ContextLength, Slots, BatchTokens);
        var expected = await ForEachAsync(prompts, atOnce, prompt => server.CompleteAsync(prompt, MaxTokens));

        await using var worker = await ServeAsync();
        var actual = await ForEachAsync(prompts, atOnce, prompt => worker.GenerateAsync(new GenerateRequest
        {
            Text = prompt,
            Sampling = new SamplingOptions { Temperature = 0 },
            Stop = new StopOptions { MaxTokens = MaxTokens },
            Output = new OutputOptions { TokenIds = true },
        }));
        for (var i = 0; i < prompts.Count; i++)
        {
            // llama-server lists the end-of-generation token too, the worker does not.
            var tokens = actual[i].Finish.Reason == FinishReason.Stop ? expected[i].Tokens.SkipLast(1) : expected[i].Tokens;
            Assert.True(tokens.SequenceEqual(actual[i].Tokens), $"'{prompts[i]}' continues with '{expected[i].Text}' there and '{actual[i].Text}' here.");
            Assert.Equal(expected[i].Text, actual[i].Text);
        }
    }

    /// <summary>Text with and without control tokens, cut anywhere, so that most prompts end in the middle of a word.</summary>
    private static List<string> RawPrompts() =>
        [.. Questions().Select((question, i) => (i % 3) switch
        {
            0 => question.Answer[..(question.Answer.Length * (1 + (i % 5)) / 7)],
            1 => $"<|im_start|>user\n{question.Text}<|im_end|>\n<|im_start|>assistant\n{question.Answer[..(i % 20)]}",
            _ => $"{question.Text} {question.Answer[..(question.Answer.Length / 2)]}",
        })];

    private static List<Question> Questions()
    {
        var file = Path.Combine(Path.GetDirectoryName(ModelFiles.Demo)!, "questions.jsonl");
        var questions = File.ReadLines(file)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .Select(line => new Question(line.GetProperty("question").GetString()!, line.GetProperty("answer").GetString()!))
            .ToList();
        Assert.True(questions.Count >= Prompts, $"{file} has {questions.Count} questions; {Prompts} are needed.");
        // Spread over the file, which is ordered by topic.
        return [.. Enumerable.Range(0, Prompts).Select(i => questions[i * questions.Count / Prompts])];
    }

    private static Task<InProcessWorker> ServeAsync() => InProcessWorker.ServeAsync(
        ModelFiles.Demo, options => options with { ContextLength = ContextLength, MaxSequences = Slots, BatchTokens = BatchTokens });

    private static async Task<List<TResult>> ForEachAsync<T, TResult>(IReadOnlyList<T> items, int atOnce, Func<T, Task<TResult>> ask)
    {
        var results = new TResult[items.Count];
        await Parallel.ForAsync(
            0,
            items.Count,
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (i, _) => results[i] = await ask(items[i]));
        return [.. results];
    }
}
