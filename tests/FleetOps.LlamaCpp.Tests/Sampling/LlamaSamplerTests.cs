using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Sampling;

public sealed class LlamaSamplerTests(LlamaFixture llama)
{
    private LlamaModel Model => llama.Random;

    [Fact]
    public void A_seed_reproduces_and_another_does_not()
    {
        var first = Draw(42, 32);

        Assert.Equal(first, Draw(42, 32));
        Assert.NotEqual(first, Draw(43, 32));
        Assert.True(first.Distinct().Count() > 1);
    }

    [Fact]
    public void Greedy_takes_the_largest_logit() => WithLogits((context, index) =>
    {
        using var sampler = new LlamaSamplerBuilder(Model).Greedy();

        Assert.Equal(Largest(context.GetLogits(index)), sampler.Sample(context, index));
    });

    [Fact]
    public void Top_k_of_one_and_temperature_zero_are_greedy() => WithLogits((context, index) =>
    {
        var largest = Largest(context.GetLogits(index));
        using var one = new LlamaSamplerBuilder(Model).AddTopK(1).Distribution(1);
        using var cold = new LlamaSamplerBuilder(Model).AddTemperature(0).Distribution(1);
        using var nucleus = new LlamaSamplerBuilder(Model).AddTopP(0).Distribution(1);
        using var strict = new LlamaSamplerBuilder(Model).AddMinP(1).Distribution(1);

        Assert.All([one, cold, nucleus, strict], sampler => Assert.Equal(largest, sampler.Sample(context, index)));
    });

    [Fact]
    public void Top_k_keeps_that_many() => WithLogits((context, index) =>
    {
        var logits = context.GetLogits(index).ToArray();
        var top = Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).Take(3).ToHashSet();
        using var sampler = new LlamaSamplerBuilder(Model).AddTopK(3).AddTemperature(10).Distribution(5);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Contains(sampler.Sample(context, index), top));
    });

    [Fact]
    public void Draws_follow_the_probabilities() => WithLogits((context, index) =>
    {
        const int Draws = 4000;
        var logits = context.GetLogits(index).ToArray();
        var weights = logits.Select(logit => Math.Exp(logit - logits.Max())).ToArray();
        var likely = Largest(logits);
        using var sampler = new LlamaSamplerBuilder(Model).Distribution(7);

        var hits = Enumerable.Range(0, Draws).Count(_ => sampler.Sample(context, index) == likely);

        Assert.Equal(weights[likely] / weights.Sum(), hits / (double)Draws, tolerance: 0.05);
    });

    [Fact]
    public void A_bias_forbids_or_forces_a_token() => WithLogits((context, index) =>
    {
        var largest = Largest(context.GetLogits(index));
        using var without = new LlamaSamplerBuilder(Model).AddLogitBias([new(largest, float.NegativeInfinity)]).Greedy();
        using var forced = new LlamaSamplerBuilder(Model).AddLogitBias([new(99, 1000)]).Greedy();

        Assert.NotEqual(largest, without.Sample(context, index));
        Assert.Equal(99, forced.Sample(context, index));
    });

    [Fact]
    public void Penalties_count_what_was_accepted() => WithLogits((context, index) =>
    {
        var largest = Largest(context.GetLogits(index));
        using var sampler = new LlamaSamplerBuilder(Model).AddPenalties(64, presence: 1000).Greedy();
        sampler.Accept(largest, isPrompt: true);

        var chosen = Enumerable.Range(0, 8).Select(_ => sampler.Sample(context, index)).ToArray();

        Assert.DoesNotContain(largest, chosen);
        Assert.Equal(chosen.Length, chosen.Distinct().Count());
        sampler.Reset();
        Assert.Equal(largest, sampler.Sample(context, index));
    });

    [Fact]
    public void A_clone_goes_its_own_way() => WithLogits((context, index) =>
    {
        using var sampler = new LlamaSamplerBuilder(Model).AddPenalties(64, presence: 1000).Distribution(3);
        sampler.Accept(Largest(context.GetLogits(index)));
        using var clone = sampler.Clone();

        Assert.Equal(Enumerable.Range(0, 5).Select(_ => sampler.Sample(context, index)).ToArray(), Enumerable.Range(0, 5).Select(_ => clone.Sample(context, index)));
    });

    [Fact]
    public void Values_out_of_range_are_refused()
    {
        var builder = new LlamaSamplerBuilder(Model);

        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddTopK(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddTopP(1.1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddMinP(-0.1f));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddTypical(float.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddTemperature(float.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddPenalties(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddPenalties(64, repeat: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddPenalties(64, frequency: float.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddLogitBias([new(ByteVocabulary.Count, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddLogitBias([new(1, float.NaN)]));
    }

    private int[] Draw(uint seed, int count)
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var sampler = new LlamaSamplerBuilder(Model).AddPenalties(64, repeat: 1.1f).AddTopK(40).AddTypical(0.98f).AddTopP(0.95f).AddMinP(0.01f).AddTemperature(0.8f).Distribution(seed);
        return [.. Generation.Generate(context, sampler, Model.Vocabulary.Tokenize("sample", addSpecial: true, parseSpecial: false), count)];
    }

    private void WithLogits(Action<LlamaContext, int> check)
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = new LlamaBatch(64);
        check(context, Generation.Prefill(context, batch, Model.Vocabulary.Tokenize("logits", addSpecial: true, parseSpecial: false)));
    }

    private static int Largest(ReadOnlySpan<float> logits)
    {
        var largest = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            largest = logits[i] > logits[largest] ? i : largest;
        }

        return largest;
    }
}
