using System.Text;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Grammars of fixed texts.</summary>
public static class ChoiceGrammar
{
    /// <summary>The GBNF grammar that allows one of several texts. May be called from any thread.</summary>
    /// <param name="texts">At least one text.</param>
    public static string FromTexts(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfZero(texts.Count, nameof(texts));
        var grammar = new StringBuilder("root ::= ");
        for (var i = 0; i < texts.Count; i++)
        {
            grammar.Append(i == 0 ? "" : " | ");
            GrammarText.AppendLiteral(grammar, texts[i]);
        }

        return grammar.ToString();
    }
}
