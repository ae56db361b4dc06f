using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;

namespace FleetOps.LlamaCpp.Tests;

/// <summary>The shortest loops that generate, for tests that look at something else.</summary>
internal static class Generation
{
    /// <summary>Decodes tokens of one sequence; the output of the last is wanted. Gives its index.</summary>
    public static int Prefill(LlamaContext context, LlamaBatch batch, ReadOnlySpan<int> tokens, int from = 0, int sequence = 0)
    {
        batch.Clear();
        var index = -1;
        for (var i = 0; i < tokens.Length; i++)
        {
            index = batch.Add(tokens[i], from + i, sequence, output: i == tokens.Length - 1);
        }

        Assert.Equal(DecodeStatus.Success, context.Decode(batch));
        return index;
    }

    /// <summary>Generates up to <paramref name="count"/> tokens after a prompt, ended by the model where it ends.</summary>
    public static List<int> Generate(LlamaContext context, LlamaSampler sampler, ReadOnlySpan<int> prompt, int count, int from = 0, int sequence = 0)
    {
        using var batch = new LlamaBatch(context.BatchSize);
        var index = Prefill(context, batch, prompt, from, sequence);
        var position = from + prompt.Length;
        var generated = new List<int>();
        while (generated.Count < count)
        {
            var token = sampler.Sample(context, index);
            if (context.Model.Vocabulary.IsEndOfGeneration(token))
            {
                break;
            }

            generated.Add(token);
            index = Prefill(context, batch, [token], position++, sequence);
        }

        return generated;
    }

    /// <summary>Greedy tokens from a context of their own.</summary>
    public static List<int> Alone(LlamaModel model, ReadOnlySpan<int> prompt, int count, bool unified = false)
    {
        using var context = new LlamaContext(model, LlamaFixture.Small(unified: unified));
        using var sampler = new LlamaSamplerBuilder(model).Greedy();
        return Generate(context, sampler, prompt, count);
    }
}
