using System.Text.Json;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;
using FsCheck.Xunit;

namespace FleetOps.LlamaCpp.Tests.Sampling;

public sealed class GrammarTests(LlamaFixture llama)
{
    private const string Json = """root ::= "{\"ok\": " ("true" | "false") "}" """;

    private LlamaModel Model => llama.Random;

    [Fact]
    public void A_random_model_speaks_by_the_grammar() =>
        Assert.Matches("""^\{"ok": (true|false)\}$""", Generate(new LlamaSamplerBuilder(Model).WithGrammar(Json).Greedy()));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Drawn_tokens_obey_the_grammar_too(uint seed) =>
        Assert.Matches("^[a-c]{3,5}$", Generate(new LlamaSamplerBuilder(Model).WithGrammar("root ::= [a-c]{3,5}").AddTemperature(5).Distribution(seed)));

    [Fact]
    public void A_schema_becomes_a_grammar()
    {
        var grammar = JsonSchemaGrammar.FromSchema("""{"type":"object","properties":{"size":{"type":"integer","minimum":0,"maximum":9},"ok":{"type":"boolean"}},"required":["size","ok"],"additionalProperties":false}""");

        using var answer = JsonDocument.Parse(Generate(new LlamaSamplerBuilder(Model).WithGrammar(grammar).Greedy(), 128));

        Assert.InRange(answer.RootElement.GetProperty("size").GetInt32(), 0, 9);
        Assert.Contains(answer.RootElement.GetProperty("ok").ValueKind, new[] { JsonValueKind.True, JsonValueKind.False });
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("root ::= (", "expecting ')'")]
    [InlineData("root ::= \"a\" )", "expecting newline or end")]
    [InlineData("root ::= other", "'other'")]
    [InlineData("other ::= \"a\"", "'root'")]
    [InlineData("root ::= root \"a\"", "left recursion")]
    [InlineData("root ::= \"a\"{1000000}", "repetition")]
    [InlineData("root ::= \"a\0\"", "zero character")]
    public void A_wrong_grammar_is_refused_with_the_reason(string grammar, string reason) => AssertRefused(grammar, reason);

    [Fact]
    public void A_grammar_that_would_exhaust_the_stack_is_refused()
    {
        AssertRefused($"root ::= {new string('(', 100_000)}\"a\"{new string(')', 100_000)}", "deeper than 200");
        AssertRefused($"{string.Concat(Enumerable.Range(0, 9000).Select(static i => $"r{i} ::= r{i + 1} \"b\"\n"))}r9000 ::= \"a\"\nroot ::= r0", "more than 8192");
        AssertRefused($"root ::= \"{new string('a', 300_000)}\"", "longer than");
        new LlamaSamplerBuilder(Model).WithGrammar($"root ::= {new string('(', 200)}\"((((\" [(((] {new string(')', 200)} # (((").Greedy().Dispose();
        new LlamaSamplerBuilder(Model).WithGrammar($"{string.Concat(Enumerable.Range(0, 8000).Select(static i => $"r{i} ::= r{i + 1} \"b\"\n"))}r8000 ::= \"a\"\nroot ::= r0").Greedy().Dispose();
    }

    [Fact]
    public void A_schema_that_would_exhaust_the_stack_is_refused()
    {
        var schema = string.Concat(Enumerable.Repeat("""{"type":"array","items":""", 20_000)) + "{}" + new string('}', 20_000);

        Assert.Equal(LlamaFault.InvalidGrammar, Assert.Throws<LlamaException>(() => JsonSchemaGrammar.FromSchema(schema)).Fault);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"nonsense"}}}}""", "#/properties/a/items")]
    [InlineData("""{"$defs":{"x":{"$ref":"#/$defs/missing"}},"anyOf":[{"type":"null"},{"$ref":"#/$defs/x"}]}""", "#/$defs/x")]
    [InlineData("""{"type":"object","properties":{"enum":{"type":"string","pattern":"^($"}}}""", "#/properties/enum/pattern")]
    [InlineData("""{"type":"array","items":{"type":"string","pattern":"(?=a)b"}}""", "#/items/pattern")]
    [InlineData("""{"$ref":"https://example.com/schema.json"}""", "#")]
    public void A_schema_that_cannot_be_translated_is_refused_with_the_place(string schema, string place) =>
        Assert.Contains($"at {place}, ", Assert.Throws<LlamaException>(() => JsonSchemaGrammar.FromSchema(schema)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(@"^\d{4}-\d\d$", "\"2026-11\"", "\"2026-1\"")]
    [InlineData("b+", "\"abbc\"", "\"ac\"")]
    [InlineData("^a|c$", "\"axx\"~\"xxc\"", "\"xa\"")]
    [InlineData("^.$", "\"x\"~\"\\\"\"~\"\\\\\"~\"\\t\"", "\"\"\"~\"\\n\"~\"xy\"")]
    [InlineData("^[^a]\"$", "\"b\\\"\"~\"\\\"\\\"\"", "\"a\\\"\"~\"b\"\"")]
    public void A_pattern_in_a_schema_holds_the_value_and_leaves_the_text_json(string pattern, string matching, string others)
    {
        var schema = JsonSerializer.Serialize(new Dictionary<string, string> { ["type"] = "string", ["pattern"] = pattern });
        var grammar = JsonSchemaGrammar.FromSchema(schema);

        Assert.All(matching.Split('~'), text => Assert.True(Model.Takes(grammar, text), text));
        Assert.All(matching.Split('~'), text => JsonDocument.Parse(text).Dispose());
        Assert.All(others.Split('~'), text => Assert.False(Model.Takes(grammar, text), text));
    }

    [Fact]
    public void A_pattern_leaves_the_other_types_and_properties_as_they_are()
    {
        var grammar = JsonSchemaGrammar.FromSchema("""{"$defs":{"code":{"type":["string","null"],"pattern":"^[a-c]$"}},"type":"object","properties":{"x":{"$ref":"#/$defs/code"},"pattern":{"type":"boolean"}},"required":["x","pattern"],"additionalProperties":false}""");

        Assert.True(Model.Takes(grammar, """{"x":"b","pattern":true}"""));
        Assert.True(Model.Takes(grammar, """{"x":null,"pattern":false}"""));
        Assert.False(Model.Takes(grammar, """{"x":"d","pattern":true}"""));
    }

    [Fact]
    public void A_schema_with_too_many_properties_is_refused_and_one_with_many_is_not()
    {
        string Schema(int count) => $$$"""{"type":"object","properties":{{{{string.Join(',', Enumerable.Range(0, count).Select(static i => $"\"p{i}\":{{\"type\":\"null\"}}"))}}}}}""";

        Assert.Contains("at most 256", Assert.Throws<LlamaException>(() => JsonSchemaGrammar.FromSchema(Schema(257))).Message, StringComparison.Ordinal);
        using var grammar = new LlamaGrammar(Model, JsonSchemaGrammar.FromSchema(Schema(60)));
    }

    [Fact]
    public void Left_recursion_through_rules_that_are_empty_by_way_of_others_is_refused() =>
        AssertRefused("root ::= r root \"x\" | \"a\"\nr ::= s\ns ::= \"\"", "left recursion");

    [Fact]
    public void A_grammar_with_more_ways_than_can_be_followed_is_refused()
    {
        var doubling = string.Concat(Enumerable.Range(0, 40).Select(static i => $"r{i} ::= r{i + 1} \"a\" | r{i + 1} \"b\"\n"));
        AssertRefused($"root ::= r0\n{doubling}r40 ::= \"c\"", "more than 4096 ways");
        AssertRefused($"root ::= {string.Join('|', Enumerable.Repeat("\"a\"", 50_000))}", "more than 4096 ways");
    }

    [Fact]
    public void Going_round_with_nothing_left_to_do_is_no_left_recursion() =>
        new LlamaSamplerBuilder(Model).WithGrammar("root ::= (call? space)+\ncall ::= \"x\"\nspace ::= | \" \"").Greedy().Dispose();

    [Fact]
    public void A_grammar_that_can_be_read_in_too_many_ways_fails_the_token_and_not_the_process()
    {
        using var sampler = new LlamaSamplerBuilder(Model).WithGrammar("root ::= \"x\" (\"a\"?){900} (\"a\"?){900} \"b\"").Greedy();

        var thrown = Assert.Throws<LlamaException>(() => sampler.Accept(ByteVocabulary.Token("x")));
        Assert.Equal(LlamaFault.SamplingFailed, thrown.Fault);
        Assert.Contains("ambiguous", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_grammar_begins_many_samplers()
    {
        var grammar = new LlamaGrammar(Model, "root ::= \"ab\"");
        using var first = new LlamaSamplerBuilder(Model).WithGrammar(grammar).Greedy();
        first.Accept(ByteVocabulary.Token("a"));
        using var second = new LlamaSamplerBuilder(Model).WithGrammar(grammar).Greedy();
        grammar.Dispose();

        first.Accept(ByteVocabulary.Token("b"));
        second.Accept(ByteVocabulary.Token("a"));
        first.Reset();
        first.Accept(ByteVocabulary.Token("a"));
        Assert.Throws<LlamaException>(() => first.Accept(ByteVocabulary.Token("a")));
    }

    [Property(MaxTest = 200)]
    public bool No_text_that_is_taken_for_a_grammar_ends_the_process(string? text)
    {
        try
        {
            new LlamaSamplerBuilder(Model).WithGrammar("root ::= " + text).Greedy().Dispose();
        }
        catch (LlamaException e) when (e.Fault == LlamaFault.InvalidGrammar)
        {
            // Refused, which is fine.
        }

        return true;
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"type":"nonsense"}""")]
    [InlineData("""{"$ref":"#/definitions/missing"}""")]
    [InlineData("""{"type":"string","pattern":"["}""")]
    public void A_strange_schema_never_ends_the_process(string schema)
    {
        var thrown = Record.Exception(() => JsonSchemaGrammar.FromSchema(schema));

        Assert.True(thrown is null or LlamaException { Fault: LlamaFault.InvalidGrammar }, thrown?.ToString());
    }

    [Fact]
    public void A_token_that_the_grammar_refuses_cannot_be_accepted()
    {
        using var sampler = new LlamaSamplerBuilder(Model).WithGrammar("root ::= \"a\"").Greedy();

        Assert.Equal(LlamaFault.SamplingFailed, Assert.Throws<LlamaException>(() => sampler.Accept(ByteVocabulary.Token("b"))).Fault);
        Assert.Equal(LlamaFault.SamplingFailed, Assert.Throws<LlamaException>(() => sampler.Accept(ByteVocabulary.Token(ByteVocabulary.EndOfTurn))).Fault);
        sampler.Accept(ByteVocabulary.Token("b"), isPrompt: true);
        sampler.Accept(ByteVocabulary.Token("a"));
        sampler.Accept(ByteVocabulary.Token(ByteVocabulary.EndOfTurn));
    }

    [Fact]
    public void A_grammar_that_no_token_fits_fails_the_sample_and_not_the_process()
    {
        using var context = new LlamaContext(Model, LlamaFixture.Small());
        using var batch = new LlamaBatch(64);
        var index = Generation.Prefill(context, batch, Model.Vocabulary.Tokenize("x", addSpecial: true, parseSpecial: false));
        var everything = Enumerable.Range(0, Model.Vocabulary.Count).Select(static token => new LogitBias(token, float.NegativeInfinity));
        using var sampler = new LlamaSamplerBuilder(Model).AddLogitBias(everything).WithGrammar("root ::= \"q\"").Greedy();

        var thrown = Record.Exception(() => sampler.Sample(context, index));

        Assert.True(thrown is null or LlamaException { Fault: LlamaFault.SamplingFailed }, thrown?.ToString());
    }

    private void AssertRefused(string grammar, string reason)
    {
        var thrown = Assert.Throws<LlamaException>(() => new LlamaSamplerBuilder(Model).WithGrammar(grammar).Greedy());

        Assert.Equal(LlamaFault.InvalidGrammar, thrown.Fault);
        Assert.Contains(reason, thrown.Message, StringComparison.OrdinalIgnoreCase);
    }

    private string Generate(LlamaSampler sampler, int count = 64)
    {
        using (sampler)
        {
            using var context = new LlamaContext(Model, LlamaFixture.Small());
            return Model.Vocabulary.Detokenize([.. Generation.Generate(context, sampler, Model.Vocabulary.Tokenize("json:", addSpecial: true, parseSpecial: false), count)]);
        }
    }
}
