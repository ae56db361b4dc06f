using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Sampling;

/// <summary>Whether a text is one of a grammar, by llama.cpp's own account.</summary>
internal static class GrammarMatch
{
    /// <summary>Whether the grammar lets the model say the text and end there.</summary>
    public static bool Takes(this LlamaModel model, string grammar, string text)
    {
        using var sampler = new LlamaSamplerBuilder(model).WithGrammar(grammar).Greedy();
        try
        {
            foreach (var token in model.Vocabulary.Tokenize(text, addSpecial: false, parseSpecial: false))
            {
                sampler.Accept(token);
            }

            sampler.Accept(ByteVocabulary.Token(ByteVocabulary.EndOfTurn));
            return true;
        }
        catch (LlamaException e) when (e.Fault == LlamaFault.SamplingFailed)
        {
            return false;
        }
    }
}
