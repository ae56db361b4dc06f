using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>What log lines say of a request, and what they keep to themselves.</summary>
[Collection(RunsAlone.Name)]
public sealed class RequestLogTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string Secret = "whistleblower";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_line_about_a_request_carries_its_id_and_that_of_its_trace()
    {
        var log = new FakeLogCollector();
        await using var worker = await ServeAsync(log);
        var metadata = new Metadata { { "traceparent", $"00-{TraceId}-b7ad6b7169203331-01" }, { RequestMetadata.RequestId, "asked-one" } };
        await Answer.ReadAsync(worker.Client.Generate(Letters(), metadata, cancellationToken: Cancellation));
        await Until.HoldsAsync(() => Ends(log).Count == 1, "its end is told");

        // At this level gRPC tells each message that it reads and writes.
        var lines = log.GetSnapshot().Where(line => line.Category!.StartsWith("Grpc.AspNetCore.Server", StringComparison.Ordinal) || IsEnd(line)).ToList();
        Assert.True(lines.Count > 5, string.Join('\n', log.GetSnapshot().Select(line => $"{line.Category} {line.Message}")));
        Assert.All(lines.Where(line => !line.Category!.EndsWith("ServiceMethodProvider", StringComparison.Ordinal) && line.Scopes.Count > 0), line => Assert.Equal(("asked-one", TraceId), Ids(line)));
        Assert.Equal(("asked-one", TraceId), Ids(Assert.Single(Ends(log))));
        Assert.DoesNotContain(lines.SelectMany(line => line.Scopes), scope => $"{scope}".Contains("RequestPath", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_trace_of_the_caller_the_line_names_the_trace_that_the_collector_gets()
    {
        var log = new FakeLogCollector();
        await using var collector = await OtlpCollector.StartAsync();
        await using (var worker = await ServeAsync(log, collector.Options()))
        {
            await worker.GenerateAsync(Letters());
        }

        var (requestId, traceId) = Ids(Assert.Single(Ends(log)));
        var span = collector.Spans.Single(span => span.ParentId.Length == 0);
        Assert.Equal((span["gen_ai.response.id"], span.TraceId), (requestId, traceId));
    }

    [Fact]
    public async Task A_request_that_is_refused_has_a_line_too()
    {
        var log = new FakeLogCollector();
        await using var worker = await ServeAsync(log);
        await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m", N = 99 }));
        await Until.HoldsAsync(() => Ends(log).Count == 1, "its end is told");
        Assert.Contains("(text_completion) ended with invalid", Ends(log)[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_line_tells_what_was_asked_or_answered()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}", "--pooling", "Last", "--otlp-endpoint", "http://127.0.0.1:9");
        await worker.UntilServingAsync();
        var asked = await AskAllAsync(worker.Client);
        worker.Terminate();
        await worker.ExitAsync();

        var output = worker.Output + worker.Errors;
        Assert.Equal(asked, output.Split("\"Message\":\"Request ").Length - 1);
        Assert.DoesNotContain(Secret, output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("nopqrstuvwxyz", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_switch_the_line_of_a_request_tells_its_prompt_and_answer_up_to_a_bound()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}", "--pooling", "Last", "--context-length", "2048", "--log-prompts", "true");
        await worker.UntilServingAsync();
        await Answer.ReadAsync(worker.Client.Generate(Letters($"{Secret}\u001b[2J m"), cancellationToken: Cancellation));
        await Answer.ReadAsync(worker.Client.Chat(Conversation(), cancellationToken: Cancellation));
        await worker.Client.EmbedAsync(new EmbedRequest { Inputs = { new EmbedInput { Text = Secret }, new EmbedInput { Text = "more" } } }, cancellationToken: Cancellation);
        await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(worker.Client.Generate(Letters(new string('x', 10_000)), cancellationToken: Cancellation)));
        worker.Terminate();
        await worker.ExitAsync();

        var ends = worker.Output.Split('\n').Where(line => line.Contains("\"EventId\":1003", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("State")).ToList();
        Assert.Equal(["text_completion", "chat", "embeddings", "text_completion"], ends.Select(end => Text(end, "Operation")));
        Assert.Equal(($"{Secret}\uFFFD[2J m", "nopqrstuvwxyz"), (Text(ends[0], "Prompt"), Text(ends[0], "Answer")));
        Assert.Contains(Secret, Text(ends[1], "Prompt"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(ends[1], "Answer"));
        Assert.Equal(($"{Secret}\nmore", ""), (Text(ends[2], "Prompt"), Text(ends[2], "Answer")));
        Assert.Equal(("invalid", new string('x', LoggedText.MaxLength) + $"… and {10_000 - LoggedText.MaxLength} characters more"), (Text(ends[3], "Outcome"), Text(ends[3], "Prompt")));
    }

    [Fact]
    public void A_text_that_is_cut_keeps_whole_characters()
    {
        var text = LoggedText.Of(new string('x', LoggedText.MaxLength - 1));
        text.Append("😀");
        text.Append("y");
        Assert.Equal(new string('x', LoggedText.MaxLength - 1) + "… and 3 characters more", text.ToString());
    }

    /// <summary>Asks in every way that has text, well and wrongly, and returns how often.</summary>
    private static async Task<int> AskAllAsync(Inference.V1.Inference.InferenceClient client)
    {
        await Answer.ReadAsync(client.Generate(Letters($"{Secret} m"), cancellationToken: Cancellation));
        await Answer.ReadAsync(client.Chat(Conversation(), cancellationToken: Cancellation));
        await client.EmbedAsync(new EmbedRequest { Inputs = { new EmbedInput { Text = Secret } } }, cancellationToken: Cancellation);
        await client.TokenizeAsync(new TokenizeRequest { Text = Secret }, cancellationToken: Cancellation);
        var tools = Conversation();
        tools.Tools.Add(new Tool { Name = "tool", Description = Secret, Parameters = Secret });
        var arguments = Conversation();
        arguments.TemplateArguments = Secret;
        GenerateRequest[] wrong =
        [
            Letters(string.Concat(Enumerable.Repeat(Secret, 100))),
            Letters(Secret, new Constraint { Grammar = $"root ::= {Secret} \"" }),
            Letters(Secret, new Constraint { JsonSchema = Secret }),
            Letters(Secret, new Constraint { Regex = $"{Secret}(" }),
            Letters(Secret, new Constraint { Regex = Secret, Choice = new ChoiceList() }),
        ];
        foreach (var request in wrong)
        {
            await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(client.Generate(request, cancellationToken: Cancellation)));
        }

        foreach (var request in new[] { tools, arguments })
        {
            await Assert.ThrowsAsync<RpcException>(() => Answer.ReadAsync(client.Chat(request, cancellationToken: Cancellation)));
        }

        await Assert.ThrowsAsync<RpcException>(async () => await client.RerankAsync(new RerankRequest { Query = Secret, Documents = { Secret } }, cancellationToken: Cancellation));
        return 3 + wrong.Length + 2 + 1;
    }

    private static GenerateRequest Letters(string text = "m", Constraint? constraint = null) =>
        new() { Text = text, Sampling = new SamplingOptions { Temperature = 0 }, Constraint = constraint };

    private static ChatRequest Conversation() =>
        new() { Messages = { new ChatMessage { Role = "user", Content = Secret } }, Sampling = new SamplingOptions { Temperature = 0 } };

    private static Task<InProcessWorker> ServeAsync(FakeLogCollector log, CollectorOptions? collector = null) => InProcessWorker.ServeAsync(
        ModelFiles.Successor,
        options => options with { Collector = collector },
        builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(new FakeLoggerProvider(log)));

    // Others count from 1 too.
    private static bool IsEnd(FakeLogRecord line) => line.Id.Id == 1001 && line.Category!.StartsWith("FleetOps.", StringComparison.Ordinal);

    private static List<FakeLogRecord> Ends(FakeLogCollector log) => [.. log.GetSnapshot().Where(IsEnd)];

    private static (string? RequestId, string? TraceId) Ids(FakeLogRecord line)
    {
        var scope = line.Scopes.OfType<IEnumerable<KeyValuePair<string, object?>>>().SelectMany(static entries => entries).ToLookup(static entry => entry.Key, static entry => entry.Value as string);
        return (scope[nameof(RequestIdentity.RequestId)].Distinct().SingleOrDefault(), scope[nameof(RequestIdentity.TraceId)].Distinct().SingleOrDefault());
    }

    private static string Text(JsonElement end, string field) => end.GetProperty(field).GetString()!;
}
