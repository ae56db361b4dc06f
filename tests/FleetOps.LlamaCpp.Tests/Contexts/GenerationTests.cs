using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.LlamaCpp.Tests.Contexts;

public sealed class GenerationTests(LlamaFixture llama)
{
    [Theory]
    [InlineData("m", "nopqrstuvwxyz")]
    [InlineData("say: w", "xyz")]
    [InlineData("!", "abcdefghijklmnopqrstuvwxyz")]
    public void The_successor_model_says_the_rest_of_the_alphabet(string prompt, string answer)
    {
        var vocabulary = llama.Successor.Vocabulary;

        var tokens = Generation.Alone(llama.Successor, vocabulary.Tokenize(prompt, addSpecial: true, parseSpecial: false), 64);

        Assert.Equal(answer, vocabulary.Detokenize(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tokens)));
    }

    [Theory]
    [InlineData(KvCacheType.F16, FlashAttention.Off)]
    [InlineData(KvCacheType.F16, FlashAttention.On)]
    [InlineData(KvCacheType.Q8_0, FlashAttention.On)]
    [InlineData(KvCacheType.Q4_0, FlashAttention.Auto)]
    public void The_answer_is_the_same_with_each_kind_of_cache(KvCacheType type, FlashAttention attention)
    {
        var vocabulary = llama.Successor.Vocabulary;
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small() with { KvCacheType = type, FlashAttention = attention });
        using var sampler = new LlamaSamplerBuilder(llama.Successor).Greedy();

        var tokens = Generation.Generate(context, sampler, vocabulary.Tokenize("t", addSpecial: true, parseSpecial: false), 64);

        Assert.Equal("uvwxyz", vocabulary.Detokenize([.. tokens]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Eight_sequences_in_one_batch_say_what_each_says_alone(bool unified)
    {
        const int Count = 24;
        var model = llama.Random;
        var prompts = Enumerable.Range(0, 8).Select(i => model.Vocabulary.Tokenize($"prompt {i} {new string((char)('a' + i), i * 5)}", addSpecial: true, parseSpecial: false)).ToArray();
        var alone = prompts.Select(prompt => Generation.Alone(model, prompt, Count, unified)).ToArray();

        using var context = new LlamaContext(model, LlamaFixture.Small(prompts.Length, unified));
        using var batch = new LlamaBatch(context.BatchSize);
        var samplers = prompts.Select(_ => new LlamaSamplerBuilder(model).Greedy()).ToArray();
        var together = prompts.Select(static _ => new List<int>()).ToArray();
        var indexes = new int[prompts.Length];
        for (var sequence = 0; sequence < prompts.Length; sequence++)
        {
            for (var i = 0; i < prompts[sequence].Length; i++)
            {
                indexes[sequence] = batch.Add(prompts[sequence][i], i, sequence, output: i == prompts[sequence].Length - 1);
            }
        }

        while (batch.Count > 0)
        {
            Assert.Equal(DecodeStatus.Success, context.Decode(batch));
            batch.Clear();
            for (var sequence = 0; sequence < prompts.Length; sequence++)
            {
                // A sequence that has ended, or is long enough, leaves the batch while the others go on.
                if (indexes[sequence] < 0)
                {
                    continue;
                }

                var token = samplers[sequence].Sample(context, indexes[sequence]);
                indexes[sequence] = -1;
                if (!model.Vocabulary.IsEndOfGeneration(token))
                {
                    together[sequence].Add(token);
                    if (together[sequence].Count < Count)
                    {
                        indexes[sequence] = batch.Add(token, prompts[sequence].Length + together[sequence].Count - 1, sequence, output: true);
                    }
                }
            }
        }

        Array.ForEach(samplers, static sampler => sampler.Dispose());
        Assert.Equal(alone, together);
        Assert.Equal(prompts.Length, together.Select(static tokens => string.Join(',', tokens)).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Two_contexts_of_one_model_run_on_two_threads()
    {
        var model = llama.Random;
        var prompt = model.Vocabulary.Tokenize("two threads", addSpecial: true, parseSpecial: false);
        var expected = Generation.Alone(model, prompt, 24);

        var answers = new List<int>[2];
        var threads = Enumerable.Range(0, answers.Length).Select(i => new Thread(() => answers[i] = Generation.Alone(model, prompt, 24))).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());

        Assert.All(answers, answer => Assert.Equal(expected, answer));
    }
}
