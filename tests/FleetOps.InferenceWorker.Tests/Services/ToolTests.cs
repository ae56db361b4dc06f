using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;
using Google.Rpc;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

/// <summary>Tools, reasoning and template arguments, with the templates of well-known models over models of few weights.</summary>
public sealed class ToolTests
{
    private const string City = """{"type":"object","properties":{"city":{"enum":["Oslo","Bergen"]}},"required":["city"],"additionalProperties":false}""";

    // Its calls begin with what the successor model says in the end.
    private const string AlphabeticTools =
        """
        {%- if tools %}{{ '<|im_start|>system\nTools: ' + (tools | tojson) + '<|im_end|>\n' }}{% endif -%}
        {%- for message in messages %}{{ '<|im_start|>' + message.role + '\n' + (message.content or '') }}
        {%- if message.tool_calls %}{% for call in message.tool_calls %}{{ 'xyz' + ({'name': call.function.name, 'arguments': call.function.arguments} | tojson) + '!!!' }}{% endfor %}{% endif -%}
        {{ '<|im_end|>\n' }}{% endfor -%}
        {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif -%}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ToolChoiceMode.Auto)]
    [InlineData(ToolChoiceMode.Required)]
    public async Task Once_the_model_begins_a_call_it_is_held_to_its_form_and_comes_back_structured(ToolChoiceMode mode)
    {
        // A late reader gets what has piled up at once, so hardly anything may.
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => Alphabetic(options) with { OutputCapacity = 1 });
        var request = Weather();
        request.ToolChoice = new ToolChoice { Mode = mode };

        var answer = await AskAsync(worker, request);

        var call = Assert.Single(answer.ToolCalls);
        Assert.Equal("get_weather", call.Name);
        using var arguments = JsonDocument.Parse(call.Arguments);
        Assert.Contains(arguments.RootElement.GetProperty("city").GetString(), new[] { "Oslo", "Bergen" });
        Assert.Equal(("abcdefghijklmnopqrstuvw", FinishReason.Stop), (answer.Content, answer.Finish.Reason));
        // Words and arguments were streamed, not kept for the end.
        Assert.True(answer.Deltas > 10, $"{answer.Deltas} deltas");
    }

    [Fact]
    public async Task Tools_that_must_not_be_called_are_not()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, Alphabetic);
        var request = Weather();
        request.ToolChoice = new ToolChoice { Mode = ToolChoiceMode.None };
        var answer = await AskAsync(worker, request);
        Assert.Equal("abcdefghijklmnopqrstuvwxyz", answer.Content);
        Assert.Empty(answer.ToolCalls);
    }

    [Fact]
    public async Task The_one_tool_that_is_named_is_called()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, Alphabetic);
        var request = Weather();
        request.Tools.Insert(0, new Tool { Name = "all", Parameters = City });
        request.Tools.Add(new Tool { Name = "sing" });
        foreach (var name in new[] { "get_weather", "sing", "all" })
        {
            request.ToolChoice = new ToolChoice { Tool = name };
            Assert.Equal(name, Assert.Single((await AskAsync(worker, request)).ToolCalls).Name);
        }
    }

    [Fact]
    public async Task What_the_model_thinks_comes_apart_from_what_it_says()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, With("Qwen-QwQ-32B"));
        var answer = await AskAsync(worker, new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "hi" } }, Sampling = new SamplingOptions { Temperature = 0 } });
        Assert.Equal(("abcdefghijklmnopqrstuvwxyz", ""), (answer.Reasoning.Trim(), answer.Content));
        Assert.Equal(FinishReason.Stop, answer.Finish.Reason);
    }

    [Fact]
    public async Task A_schema_holds_the_answer_of_a_chat_too()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, With("Qwen-Qwen3-0.6B"));
        var request = Weather();
        request.Tools.Clear();
        request.Constraint = new Constraint { JsonSchema = City };
        using var answer = JsonDocument.Parse((await AskAsync(worker, request)).Content);
        Assert.Contains(answer.RootElement.GetProperty("city").GetString(), new[] { "Oslo", "Bergen" });

        request.Constraint = new Constraint { JsonSchema = """{"type":"string","pattern":"^\\d{3}-\\d{3}$"}""" };
        Assert.Matches("^\"[0-9]{3}-[0-9]{3}\"$", (await AskAsync(worker, request)).Content);

        request.Constraint = new Constraint { Regex = "[01]{8}" };
        Assert.Matches("^[01]{8}$", (await AskAsync(worker, request)).Content);
    }

    [Fact]
    public async Task A_conversation_with_calls_and_answers_of_tools_is_rendered()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, With("Qwen-Qwen3-0.6B"));
        var request = Weather();
        request.Messages.Add(new ChatMessage { Role = "assistant", ToolCalls = { new ToolCall { Id = "c1", Name = "get_weather", Arguments = """{"city":"Oslo"}""" } } });
        request.Messages.Add(new ChatMessage { Role = "tool", ToolCallId = "c1", Name = "get_weather", Content = "rain" });

        var applied = await worker.Client.ApplyTemplateAsync(new ApplyTemplateRequest { Chat = request }, cancellationToken: Cancellation);
        Assert.Contains("<tools>", applied.Prompt, StringComparison.Ordinal);
        Assert.Contains("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}", applied.Prompt, StringComparison.Ordinal);
        Assert.Contains("<tool_response>\nrain\n</tool_response>", applied.Prompt, StringComparison.Ordinal);
        Assert.NotEmpty(applied.Grammar);
        var tokens = await worker.TokenizeAsync(new TokenizeRequest { Conversation = request });
        Assert.Equal(applied.PromptTokens, tokens.TokenIds.Count);
        Assert.Contains("rain", (await worker.Client.DetokenizeAsync(new DetokenizeRequest { TokenIds = { tokens.TokenIds } }, cancellationToken: Cancellation)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_reach_the_template_and_its_faults_are_told_with_their_line()
    {
        await using var worker = await InProcessWorker.ServeAsync(
            ModelFiles.Successor, options => options with { ChatTemplate = "{{ tone }}:\n{% for message in messages %}{{ message.content }}\n{% if message.role == 'clown' %}{{ raise_exception('no clowns') }}{% endif %}{% endfor %}" });
        var request = new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "hi" } }, TemplateArguments = """{"tone":"stern"}""" };
        Assert.StartsWith("stern:\nhi", (await worker.Client.ApplyTemplateAsync(new ApplyTemplateRequest { Chat = request }, cancellationToken: Cancellation)).Prompt, StringComparison.Ordinal);

        request.Messages[0].Role = "clown";
        var error = await Assert.ThrowsAsync<RpcException>(() => AskAsync(worker, request));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains("line 3", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("no clowns", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_that_is_none_is_refused_where_only_the_template_is_applied_too()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var chat = new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "hi" } }, Constraint = new Constraint { JsonSchema = "temperature" } };
        var error = await Assert.ThrowsAsync<RpcException>(async () => await worker.Client.ApplyTemplateAsync(new ApplyTemplateRequest { Chat = chat }, cancellationToken: Cancellation));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal("constraint.json_schema", Assert.Single(error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task Wrong_tools_are_refused_by_their_place()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, With("Qwen-Qwen3-0.6B"));
        var deep = string.Concat(Enumerable.Repeat("""{"type":"array","items":""", 1000)) + "{}" + new string('}', 1000);
        var wrong = new (string Field, Action<ChatRequest> Spoil)[]
        {
            ("tools[0].name", request => request.Tools[0].Name = "get weather"),
            ("tools[1].name", request => request.Tools.Add(request.Tools[0].Clone())),
            ("tools[0].parameters", request => request.Tools[0].Parameters = "{"),
            ("tools[0].parameters", request => request.Tools[0].Parameters = deep),
            ("tools[0].parameters", request => request.Tools[0].Parameters = """{"type":"object","properties":{"a":{"type":"nonsense"}}}"""),
            ("tools", request => request.Tools.Add(Enumerable.Range(0, 200).Select(i => new Tool { Name = $"t{i}" }))),
            ("tool_choice.tool", request => request.ToolChoice = new ToolChoice { Tool = "other" }),
            ("tool_choice.mode", request =>
            {
                request.ToolChoice = new ToolChoice { Mode = ToolChoiceMode.Required };
                request.Tools.Clear();
            }),
            ("constraint", request => request.Constraint = new Constraint { Regex = "a" }),
            ("template_arguments", request => request.TemplateArguments = "[1]"),
            ("template_arguments", request => request.TemplateArguments = new string('[', 500)),
            ("messages[0].tool_calls[0].arguments", request => request.Messages[0].ToolCalls.Add(new ToolCall { Name = "get_weather", Arguments = "{" })),
        };
        foreach (var (field, spoil) in wrong)
        {
            var request = Weather();
            spoil(request);
            var error = await Assert.ThrowsAsync<RpcException>(() => AskAsync(worker, request));
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Equal(field, Assert.Single(error.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations).Field);
        }
    }

    private static ChatRequest Weather() => new()
    {
        Messages = { new ChatMessage { Role = "user", Content = "How is the weather?" } },
        Tools = { new Tool { Name = "get_weather", Description = "Tells the weather.", Parameters = City } },
        EnableThinking = false,
        Sampling = new SamplingOptions { Temperature = 0 },
        Stop = new StopOptions { MaxTokens = 1500 },
    };

    private static Task<ChatAnswerText> AskAsync(InProcessWorker worker, ChatRequest request) =>
        ChatAnswerText.ReadAsync(worker.Client.Chat(request, cancellationToken: Cancellation));

    private static Serving.ServeOptions Alphabetic(Serving.ServeOptions options) => options with { ChatTemplate = AlphabeticTools, ContextLength = 2048 };

    private static Func<Serving.ServeOptions, Serving.ServeOptions> With(string template)
    {
        var source = NativeTools.LlamaSource(out var reason);
        Assert.SkipWhen(source is null, reason);
        var text = File.ReadAllText(Path.Combine(source!, "models", "templates", $"{template}.jinja"));
        return options => options with { ChatTemplate = text, ContextLength = 2048 };
    }
}
