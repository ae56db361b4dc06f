using System.Text.Json;
using System.Text.RegularExpressions;
using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.Soak;

/// <summary>The kinds of requests, and how often each is asked.</summary>
internal sealed class Mix(SoakTarget target, Known known)
{
    private const string Schema = """{"type":"object","properties":{"size":{"type":"integer","minimum":1,"maximum":12},"ok":{"type":"boolean"}},"required":["size","ok"],"additionalProperties":false}""";
    private static readonly string[] Choices = ["yes", "no", "per\"haps"];

    /// <summary>Each kind: its name, its share, and what is done, which throws when the answer is wrong.</summary>
    public IReadOnlyList<(string Name, int Share, Func<SoakClient, Random, CancellationToken, Task> Ask)> Kinds =>
    [
        ("greedy text, the same as alone", 30, (client, random, cancel) => known.CheckAsync(client, random, Who(random), pause: null, cancel)),
        ("greedy text, read slowly", 4, ReadSlowlyAsync),
        ("embeddings, the same as alone", 10, known.CheckVectorsAsync),
        ("constrained text", 12, ConstrainAsync),
        ("several drawn answers", 8, DrawAsync),
        ("tokens there and back", 8, TokenizeAsync),
        ("cancelled by the client", 12, CancelAsync),
        ("connection lost", 3, VanishAsync),
        ("ended by its deadline", 5, ExpireAsync),
        ("aborted by its id", 4, AbortAsync),
        ("bad requests", 10, BeWrongAsync),
        ("what the server tells", 4, LookAsync),
    ];

    private static Metadata Who(Random random) => new()
    {
        { RequestMetadata.Tenant, $"tenant-{random.Next(4)}" },
        { RequestMetadata.CacheSalt, random.Next(4) == 0 ? "salt" : "" },
        { RequestMetadata.Priority, random.Next(8) == 0 ? "5" : "0" },
    };

    private static GenerateRequest Long(Random random) => new()
    {
        Text = Words.Next(random, random.Next(1, 250)),
        Sampling = new SamplingOptions { Temperature = 1 },
        Stop = new StopOptions { IgnoreEndOfGeneration = true },
    };

    private async Task ReadSlowlyAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        using var narrow = new SoakClient(target.Address, narrow: true);
        await known.CheckAsync(narrow, random, Who(random), () => Task.Delay(random.Next(20), cancel), cancel);
    }

    private static async Task ConstrainAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var (constraint, fits) = random.Next(4) switch
        {
            0 => (new Constraint { JsonSchema = Schema }, (Predicate<string>)IsJson),
            1 => (new Constraint { Regex = @"(cat|dog)s? \d\d?" }, text => Regex.IsMatch(text, @"\A(cat|dog)s? \d\d?\z", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))),
            2 => (new Constraint { Grammar = """root ::= [abc]{3,5} "!" """ }, text => text.Length is >= 4 and <= 6 && text[^1] == '!'),
            _ => (new Constraint { Choice = new ChoiceList { Texts = { Choices } } }, text => Choices.Contains(text)),
        };
        var (text, reason) = await client.TextAsync(
            new GenerateRequest
            {
                Text = Words.Next(random, 40),
                Constraint = constraint,
                Sampling = new SamplingOptions { Temperature = random.Next(3), Seed = (uint)random.Next() },
                Stop = new StopOptions { MaxTokens = 150 },
            },
            cancel);
        // Between two tokens of a JSON text any number of blanks may stand.
        if (reason == FinishReason.Stop ? !fits(text) : reason != FinishReason.Length)
        {
            throw new SoakException($"{constraint.KindCase} let '{text}' through and ended with {reason}");
        }
    }

    private static bool IsJson(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("size").GetInt32() is >= 1 and <= 12 && document.RootElement.TryGetProperty("ok", out _);
    }

    private static async Task DrawAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var request = new GenerateRequest
        {
            Text = Words.Next(random, random.Next(1, 200)),
            N = random.Next(1, 5),
            Sampling = new SamplingOptions { Temperature = 1.5f, TopK = random.Next(50), TopP = 0.95f, RepeatPenalty = 1.1f, MinP = 0.01f },
            Stop = new StopOptions { MaxTokens = random.Next(1, 60), Strings = { "the", "er" } },
            Output = new OutputOptions { Logprobs = random.Next(2) == 0 },
        };
        var finishes = 0;
        using var call = client.Inference.Generate(request, Who(random), cancellationToken: cancel);
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            finishes += message.Finish is null ? 0 : 1;
        }

        if (finishes != request.N)
        {
            throw new SoakException($"{finishes} answers came to an end where {request.N} were asked for");
        }
    }

    private static async Task TokenizeAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var text = Words.Next(random, random.Next(1, 2000));
        var tokens = await client.Inference.TokenizeAsync(new TokenizeRequest { Text = text, AddSpecial = false }, cancellationToken: cancel);
        var back = await client.Inference.DetokenizeAsync(new DetokenizeRequest { TokenIds = { tokens.TokenIds } }, cancellationToken: cancel);
        if (back.Text != text)
        {
            throw new SoakException($"'{text}' came back as '{back.Text}'");
        }
    }

    private static async Task CancelAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        using var call = client.Inference.Generate(Long(random), Who(random), cancellationToken: cancel);
        for (var messages = random.Next(12); messages > 0 && await call.ResponseStream.MoveNext(cancel);)
        {
            messages--;
        }
    }

    private async Task VanishAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        using var passing = new SoakClient(target.Address);
        using var call = passing.Inference.Generate(Long(random), Who(random), cancellationToken: cancel);
        using var other = passing.Inference.Generate(Long(random), Who(random), cancellationToken: cancel);
        await call.ResponseStream.MoveNext(cancel);
    }

    private static async Task ExpireAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddMilliseconds(random.Next(1, 150));
        try
        {
            using var call = client.Inference.Generate(Long(random), Who(random), deadline.UtcDateTime, cancel);
            await foreach (var _ in call.ResponseStream.ReadAllAsync(cancel))
            {
                // Until the deadline, or until the context is full.
            }
        }
        catch (RpcException expired) when (expired.StatusCode == StatusCode.ResourceExhausted || GivenUp.ByDeadline(expired, deadline))
        {
            // As it should: a wait that would be longer than the deadline is refused at once.
        }
    }

    private static async Task AbortAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var id = $"soak-{random.NextInt64():x}";
        using var call = client.Inference.Generate(Long(random), new Metadata { { RequestMetadata.RequestId, id } }, cancellationToken: cancel);
        await call.ResponseHeadersAsync;
        await client.Control.AbortAsync(new AbortRequest { RequestId = id }, cancellationToken: cancel);
        FinishInfo? finish = null;
        await foreach (var message in call.ResponseStream.ReadAllAsync(cancel))
        {
            finish = message.Finish ?? finish;
        }

        // It may have come to the end of its context before.
        if (finish?.Reason is not (FinishReason.Cancelled or FinishReason.Length))
        {
            throw new SoakException($"it ended with {finish?.Reason.ToString() ?? "nothing"}");
        }
    }

    private static async Task BeWrongAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var (request, expected) = random.Next(8) switch
        {
            0 => (new GenerateRequest(), StatusCode.InvalidArgument),
            1 => (new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = float.NaN } }, StatusCode.InvalidArgument),
            2 => (new GenerateRequest { Tokens = new TokenIds { Ids = { -1, int.MaxValue } } }, StatusCode.InvalidArgument),
            3 => (new GenerateRequest { Text = "m", Constraint = new Constraint { Grammar = "root ::= (" } }, StatusCode.InvalidArgument),
            4 => (new GenerateRequest { Text = "m", Constraint = new Constraint { JsonSchema = new string('[', 5000) } }, StatusCode.InvalidArgument),
            5 => (new GenerateRequest { Text = "m", N = 1000 }, StatusCode.InvalidArgument),
            6 => (new GenerateRequest { Text = "m", Adapter = "nobody" }, StatusCode.NotFound),
            _ => (new GenerateRequest { Text = new string('m', 3 * SoakTarget.ContextLength) }, StatusCode.OutOfRange),
        };
        try
        {
            await client.TextAsync(request, cancel);
        }
        catch (RpcException refused) when (refused.StatusCode == expected)
        {
            return;
        }

        throw new SoakException($"{request} was answered where {expected} should be");
    }

    private async Task LookAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var (server, model) = (await client.Control.GetServerInfoAsync(new(), cancellationToken: cancel), await client.Control.GetModelInfoAsync(new(), cancellationToken: cancel));
        var metrics = await target.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), cancel);
        if (server.Phase != "Serving" || model.ContextLength != SoakTarget.ContextLength || !metrics.Contains("fleetops_inference_slots_free", StringComparison.Ordinal))
        {
            throw new SoakException($"phase {server.Phase}, context {model.ContextLength}, {metrics.Length} bytes of metrics");
        }
    }
}
