using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.Soak;

/// <summary>
/// Requests whose greedy answers are known, because each was asked alone before. A batch of another size may add up numbers in another order, so an
/// answer may part from the known one where two tokens were as good as equally probable, and nowhere else.
/// </summary>
internal sealed class Known
{
    private const int Requests = 40;
    private const int Texts = 12;
    private const double Tie = 0.01;
    private const double VectorTolerance = 0.001;

    private readonly List<(Message Request, IReadOnlyList<int> Tokens, IReadOnlyList<double> Margins)> _answers = [];
    private readonly List<(string Text, IReadOnlyList<float> Vector)> _vectors = [];

    private Known()
    {
    }

    /// <summary>Asks one after the other.</summary>
    public static async Task<Known> AskAloneAsync(SoakClient client, int seed, CancellationToken cancel)
    {
        var known = new Known();
        var random = new Random(seed);
        // Some begin alike, so that they share what was computed.
        var openings = Enumerable.Range(0, 3).Select(_ => Words.Next(random, random.Next(60, 180))).ToArray();
        for (var i = 0; i < Requests; i++)
        {
            var text = (random.Next(2) == 0 ? openings[random.Next(openings.Length)] : "") + Words.Next(random, random.Next(1, 120));
            var message = new Message(text, Chat: random.Next(3) == 0, MaxTokens: random.Next(1, 48));
            var (tokens, margins) = await AskAsync(client, message, cancel);
            known._answers.Add((message, tokens, margins));
        }

        for (var i = 0; i < Texts; i++)
        {
            var text = Words.Next(random, random.Next(1, 100));
            known._vectors.Add((text, (await EmbedAsync(client, [text], cancel))[0]));
        }

        return known;
    }

    /// <summary>Asks one of them, and compares.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="metadata">Metadata of the call.</param>
    /// <param name="pause">Waited for after each message, and the messages are long; null reads as fast as it can.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task CheckAsync(SoakClient client, Random random, Metadata metadata, Func<Task>? pause, CancellationToken cancel)
    {
        var candidates = pause is null ? _answers : _answers.FindAll(one => !one.Request.Chat);
        var (message, tokens, margins) = candidates[random.Next(candidates.Count)];
        var answer = message.Chat
            ? await client.TokensAsync(message.ToChat(logProbs: false), metadata, cancel)
            : await client.TokensAsync(message.ToGenerate(logProbs: pause is not null), metadata, pause, cancel);
        var common = answer.Zip(tokens).TakeWhile(pair => pair.First == pair.Second).Count();
        if (answer.Count != tokens.Count && common == Math.Min(answer.Count, tokens.Count))
        {
            throw new SoakException($"{answer.Count} tokens where {tokens.Count} came alone");
        }

        if (common < tokens.Count && margins[common] > Tie)
        {
            throw new SoakException($"token {common} is {answer[common]} where {tokens[common]} came alone, by {margins[common]:0.000}, after '{message.Text}'");
        }
    }

    /// <summary>Embeds several of them at once, and compares.</summary>
    public async Task CheckVectorsAsync(SoakClient client, Random random, CancellationToken cancel)
    {
        var chosen = Enumerable.Range(0, random.Next(1, 8)).Select(_ => _vectors[random.Next(_vectors.Count)]).ToArray();
        var vectors = await EmbedAsync(client, chosen.Select(one => one.Text), cancel);
        foreach (var (one, vector) in chosen.Zip(vectors))
        {
            var distance = one.Vector.Zip(vector).Max(pair => Math.Abs(pair.First - pair.Second));
            if (vector.Count != one.Vector.Count || !(distance <= VectorTolerance))
            {
                throw new SoakException($"the vector of '{one.Text}' differs by {distance} from the one that came alone");
            }
        }
    }

    private static async Task<IReadOnlyList<IReadOnlyList<float>>> EmbedAsync(SoakClient client, IEnumerable<string> texts, CancellationToken cancel)
    {
        var request = new EmbedRequest { Inputs = { texts.Select(text => new EmbedInput { Text = text }) } };
        var answer = await client.Inference.EmbedAsync(request, cancellationToken: cancel);
        return answer.Embeddings.Count == request.Inputs.Count
            ? [.. answer.Embeddings.Select(embedding => embedding.Values)]
            : throw new SoakException($"{answer.Embeddings.Count} vectors for {request.Inputs.Count} texts");
    }

    private static async Task<(IReadOnlyList<int> Tokens, IReadOnlyList<double> Margins)> AskAsync(SoakClient client, Message message, CancellationToken cancel)
    {
        var logProbs = new List<TokenLogprob>();
        if (message.Chat)
        {
            using var call = client.Inference.Chat(message.ToChat(logProbs: true), cancellationToken: cancel);
            await foreach (var part in call.ResponseStream.ReadAllAsync(cancel))
            {
                logProbs.AddRange(part.Delta?.Logprobs ?? []);
            }
        }
        else
        {
            using var call = client.Inference.Generate(message.ToGenerate(logProbs: true), cancellationToken: cancel);
            await foreach (var part in call.ResponseStream.ReadAllAsync(cancel))
            {
                logProbs.AddRange(part.Piece?.Logprobs ?? []);
            }
        }

        return ([.. logProbs.Select(token => token.TokenId)], [.. logProbs.Select(token => (double)token.Top[0].Logprob - token.Top[1].Logprob)]);
    }

    private sealed record Message(string Text, bool Chat, int MaxTokens)
    {
        // Long messages fill the connection of a slow reader.
        private const int ManyLogProbs = 20;

        public ChatRequest ToChat(bool logProbs) => new()
        {
            Messages = { new ChatMessage { Role = "user", Content = Text } },
            Sampling = Greedy(),
            Stop = Stop(),
            Output = Output(logProbs),
        };

        public GenerateRequest ToGenerate(bool logProbs) => new() { Text = Text, Sampling = Greedy(), Stop = Stop(), Output = Output(logProbs) };

        private static SamplingOptions Greedy() => new() { Temperature = 0 };

        private static OutputOptions Output(bool logProbs) => new() { TokenIds = true, Logprobs = logProbs, TopLogprobs = logProbs ? ManyLogProbs : 0 };

        private StopOptions Stop() => new() { MaxTokens = MaxTokens, IgnoreEndOfGeneration = true };
    }
}
