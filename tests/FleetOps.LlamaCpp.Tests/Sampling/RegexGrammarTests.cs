using System.Text.RegularExpressions;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FleetOps.LlamaCpp.Tests.Sampling;

public sealed class RegexGrammarTests(LlamaFixture llama)
{
    private LlamaModel Model => llama.Random;

    [Theory]
    [InlineData("a|bc", "a~bc", "b~abc~")]
    [InlineData("^[a-c]{2,3}$", "ab~abc", "a~abca~abd")]
    [InlineData("(ab)?c*", "~ab~c~abcc", "a~abab")]
    [InlineData(@"\d+(\.\d\d)?", "0~12.50", ".5~1.5~1.")]
    [InlineData(@"[^ab]\w\s", "c_ ~+z ", "a_ ~cc")]
    [InlineData(@"(?:a|b)(?<name>c)\x21\u0022", "ac!\"", "c!\"")]
    [InlineData("(a*)*b", "b~aab", "a~c")]
    [InlineData("(a?b?)+?", "~ab~ba~aabb", "c")]
    [InlineData("((a|b*)c?){2}", "~a~acbc~bbc", "acaca~x")]
    [InlineData("a{0}b{1,}[.+*?^${}()|]", "b.~bb$~b)", "ab.~b")]
    [InlineData("x{,2}", "x{,2}", "x~xx")]
    [InlineData("a.c", "abc~a-c", "ac~abbc")]
    [InlineData("[-a]|[b-]", "-~a~b", "c")]
    public void The_grammar_takes_what_the_expression_matches(string pattern, string matching, string others)
    {
        var grammar = RegexGrammar.FromPattern(pattern);

        Assert.All(matching.Split('~'), text => Assert.True(Model.Takes(grammar, text), text));
        Assert.All(others.Split('~'), text => Assert.False(Model.Takes(grammar, text), text));
    }

    [Theory]
    [InlineData("(a", "not closed", 3)]
    [InlineData("a)", "closes nothing", 2)]
    [InlineData("a**", "quantifier follows", 3)]
    [InlineData("*a", "nothing to repeat", 1)]
    [InlineData("[b-a]", "ends before", 5)]
    [InlineData("[ab", "not closed", 4)]
    [InlineData(@"(a)\1", "back-reference", 6)]
    [InlineData("(?=a)", "look-around", 3)]
    [InlineData("(?i)a", "option", 3)]
    [InlineData(@"a\b", "border", 4)]
    [InlineData(@"\q", "unknown escape", 3)]
    [InlineData(@"\xZ1", "hexadecimal", 3)]
    [InlineData("a^b", "anchor", 2)]
    [InlineData("a$b", "anchor", 3)]
    [InlineData("(^a)", "anchor", 2)]
    [InlineData("a{3,2}", "at least more", 7)]
    [InlineData("a{2000}", "more than 1000", 8)]
    [InlineData("[a-z-[aeiou]]", "subtracted", 6)]
    [InlineData("[]a]", "empty class", 3)]
    [InlineData(@"a\", "at the end", 3)]
    public void What_is_no_regular_expression_is_refused_with_its_place(string pattern, string reason, int character)
    {
        var message = Refusal(pattern);

        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains($"at character {character} of", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expression_that_would_exhaust_the_stack_or_the_memory_is_refused()
    {
        Assert.Contains("deeper than 64", Refusal(new string('(', 2000) + new string(')', 2000)), StringComparison.Ordinal);
        Assert.Contains("at most 4096", Refusal(new string('a', 5000)), StringComparison.Ordinal);
        // Each level repeats what may be empty, in many parts.
        var nested = "";
        for (var i = 0; i < 50; i++)
        {
            nested = $"(a?b?c?d?e?f?g?h?{nested})*";
        }

        Assert.Contains("too large a grammar", Refusal(nested), StringComparison.Ordinal);
    }

    [Property(MaxTest = 150, Arbitrary = [typeof(Patterns)])]
    public void Grammar_and_expression_take_the_same_texts(PatternCase example)
    {
        var expected = new Regex($@"\A(?:{example.Pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        var grammar = RegexGrammar.FromPattern(example.Pattern);

        foreach (var text in example.Texts)
        {
            Assert.True(expected.IsMatch(text) == Model.Takes(grammar, text), $"'{example.Pattern}' and '{text}': {grammar}");
        }
    }

    [Property(MaxTest = 300)]
    public void Any_text_is_an_expression_or_refused(string? text)
    {
        var thrown = Record.Exception(() =>
        {
            using var grammar = new LlamaGrammar(Model, RegexGrammar.FromPattern(text ?? ""));
        });

        Assert.True(thrown is null or LlamaException { Fault: LlamaFault.InvalidGrammar }, thrown?.ToString());
    }

    private static string Refusal(string pattern)
    {
        var thrown = Assert.Throws<LlamaException>(() => RegexGrammar.FromPattern(pattern));
        Assert.Equal(LlamaFault.InvalidGrammar, thrown.Fault);
        return thrown.Message;
    }

    /// <summary>An expression over few letters, and texts of them.</summary>
    public sealed record PatternCase(string Pattern, string[] Texts);

    /// <summary>Makes expressions in which nothing is refused.</summary>
    public static class Patterns
    {
        public static Arbitrary<PatternCase> Cases() => Arb.From(
            from pattern in Pattern(4)
            from texts in Gen.ArrayOf(Gen.Elements('a', 'b', 'c').ArrayOf().Select(static letters => new string(letters[..Math.Min(8, letters.Length)])), 12)
            select new PatternCase(pattern, [.. texts, ""]));

        private static Gen<string> Pattern(int depth)
        {
            var leaf = Gen.Elements("a", "b", "c", "[ab]", "[^a]", ".", "ab", "");
            if (depth == 0)
            {
                return leaf;
            }

            var inner = Pattern(depth - 1);
            return Gen.OneOf(
                leaf,
                from left in inner from right in inner select left + right,
                from left in inner from right in inner select $"({left}|{right})",
                from part in inner from quantifier in Gen.Elements("*", "+", "?", "{2}", "{0,2}", "{1,}", "*?") select $"(?:{part}){quantifier}");
        }
    }
}
