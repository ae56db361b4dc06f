using System.Text.Json;
using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Chat;

public sealed class ChatTemplateTests(LlamaFixture llama)
{
    private static readonly ChatMessage[] Conversation = [new("system", "Be brief."), new("user", "Hi \"you\" 🦙"), new("assistant", "Hello."), new("user", "Bye.")];

    [Fact]
    public void The_models_own_template_renders_the_messages()
    {
        using var template = new ChatTemplate(llama.Successor);

        var prompt = template.Apply(Conversation);

        Assert.True(template.IsExplicit);
        Assert.Equal(ByteVocabulary.ChatTemplate, template.Source);
        Assert.Equal(
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi \"you\" 🦙<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye.<|im_end|>\n<|im_start|>assistant\n",
            prompt.Text);
        Assert.Empty(prompt.Grammar);
    }

    [Fact]
    public void The_generation_prompt_can_be_left_out()
    {
        using var template = new ChatTemplate(llama.Successor);

        Assert.EndsWith("Bye.<|im_end|>\n", template.Apply(Conversation, new ChatOptions { AddGenerationPrompt = false }).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_may_be_given_as_json()
    {
        using var template = new ChatTemplate(llama.Successor);

        Assert.Equal(template.Apply([new("user", "Hi")]).Text, template.ApplyJson("""[{"role":"user","content":[{"type":"text","text":"Hi"}]}]""").Text);
    }

    [Fact]
    public void Chat_ml_stands_in_where_there_is_no_template()
    {
        var path = Path.Combine(llama.Folder, "no-template.gguf");
        SuccessorModel.Write(path, chatTemplate: null);
        using var model = LlamaModel.Load(llama.Runtime, path, new ModelParameters());
        using var template = new ChatTemplate(model);

        Assert.Null(model.ChatTemplateSource);
        Assert.False(template.IsExplicit);
        Assert.Contains("<|im_start|>user\nHi<|im_end|>", template.Apply([new("user", "Hi")]).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% for message in messages %}", "")]
    [InlineData("{{ messages[0].content | nonsense }}", "nonsense")]
    [InlineData("{{ raise_exception('only one turn is allowed') }}", "only one turn is allowed")]
    [InlineData("{% if %}", "")]
    public void A_template_that_fails_says_why(string source, string reason)
    {
        var thrown = Assert.Throws<LlamaException>(() =>
        {
            using var template = new ChatTemplate(llama.Successor, source);
            template.Apply(Conversation);
        });

        Assert.Equal(LlamaFault.TemplateFailed, thrown.Fault);
        Assert.Contains(reason, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""[{"content":"no role"}]""")]
    [InlineData("""[{"role":"user","content":{"a":1}}]""")]
    public void Messages_that_are_none_are_refused(string messages)
    {
        using var template = new ChatTemplate(llama.Successor);

        Assert.Equal(LlamaFault.TemplateFailed, Assert.Throws<LlamaException>(() => template.ApplyJson(messages)).Fault);
    }

    [Fact]
    public void Tools_come_back_as_calls_and_reasoning_apart()
    {
        var source = NativeTools.LlamaSource(out var reason);
        Assert.SkipWhen(source is null, reason);
        using var template = new ChatTemplate(llama.Successor, File.ReadAllText(Path.Combine(source!, "models/templates/Qwen-Qwen3-0.6B.jinja")));
        var prompt = template.Apply([new("user", "Weather in Oslo?")], new ChatOptions
        {
            Tools = [new("get_weather", "d", """{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}""")],
        });
        const string Answer = "<think>\nlook it up\n</think>\n\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>";

        using var parser = new ChatParser(prompt);
        var whole = parser.Parse(Answer);
        var part = parser.Parse(Answer[..^22], isPartial: true);

        Assert.True(prompt.GrammarIsLazy);
        Assert.NotEmpty(prompt.GrammarTriggers);
        Assert.Equal("look it up", whole.ReasoningContent.Trim());
        var call = Assert.Single(whole.ToolCalls);
        Assert.Equal("get_weather", call.Name);
        Assert.Equal("Oslo", JsonDocument.Parse(call.ArgumentsJson).RootElement.GetProperty("city").GetString());
        Assert.Equal("get_weather", Assert.Single(part.ToolCalls).Name);
    }

    [Theory]
    [InlineData("Good bye.")]
    [InlineData("")]
    [InlineData("with a \0 inside")]
    public void A_plain_answer_stays_as_it_is(string answer)
    {
        using var template = new ChatTemplate(llama.Successor);
        var prompt = template.Apply(Conversation);

        using var parser = new ChatParser(prompt);
        var parsed = parser.Parse(answer);

        Assert.Equal((answer, ""), (parsed.Content, parsed.ReasoningContent));
        Assert.Empty(parsed.ToolCalls);
    }

    [Fact]
    public void A_template_that_would_exhaust_the_stack_is_refused()
    {
        var source = $"{{{{ {new string('(', 100_000)}1{new string(')', 100_000)} }}}}";

        Assert.Contains("deeper than 200", Assert.Throws<LlamaException>(() => new ChatTemplate(llama.Successor, source)).Message, StringComparison.Ordinal);
        using var deep = new ChatTemplate(llama.Successor, $"((((( {{{{ {new string('(', 150)}1{new string(')', 150)} }}}}");
        Assert.Equal("((((( 1", deep.Apply(Conversation).Text);
    }

    [Fact]
    public void The_templates_of_well_known_models_are_taken()
    {
        var source = NativeTools.LlamaSource(out var reason);
        Assert.SkipWhen(source is null, reason);

        foreach (var file in Directory.GetFiles(Path.Combine(source!, "models/templates"), "*.jinja"))
        {
            new ChatTemplate(llama.Successor, File.ReadAllText(file)).Dispose();
        }
    }

    [Fact]
    public void A_template_serves_many_threads()
    {
        using var template = new ChatTemplate(llama.Successor);
        var expected = template.Apply(Conversation).Text;

        Parallel.For(0, 200, _ => Assert.Equal(expected, template.Apply(Conversation).Text));
    }

    [Fact]
    public void A_template_keeps_its_model_alive()
    {
        var model = LlamaModel.Load(llama.Runtime, llama.Successor.Path, new ModelParameters());
        var template = new ChatTemplate(model);
        model.Dispose();

        Assert.NotEmpty(template.Apply(Conversation).Text);
        template.Dispose();
        Assert.Throws<ObjectDisposedException>(() => template.Apply(Conversation));
    }
}
