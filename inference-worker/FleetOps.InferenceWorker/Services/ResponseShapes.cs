using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp.Chat;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The shapes of the RPCs that stream; the operation names are those of the OpenTelemetry conventions.</summary>
internal static class ResponseShapes
{
    /// <summary>Generate.</summary>
    public static readonly ResponseShape<GenerateResponse> Generate = new(
        Operations.TextCompletion,
        static prompt => new GenerateResponse { Prompt = prompt },
        static choice => part => part.IsEmpty
            ? null
            : new GenerateResponse { Piece = new TextPiece { Text = part.Text, TokenIds = { part.Tokens }, Logprobs = { part.LogProbs }, Choice = choice } },
        static finish => new GenerateResponse { Finish = finish });

    private static readonly ResponseShape<ChatResponse> PlainChat = ChatWith(static choice => part => part.IsEmpty
        ? null
        : new ChatResponse { Delta = new ChatDelta { Content = part.Text, TokenIds = { part.Tokens }, Logprobs = { part.LogProbs }, Choice = choice } });

    /// <summary>Chat.</summary>
    /// <param name="prompt">What is answered.</param>
    /// <param name="parser">Takes answers apart; null if they are text and nothing else.</param>
    public static ResponseShape<ChatResponse> Chat(ChatPrompt prompt, ChatParser? parser) => parser is null ? PlainChat : ChatWith(choice =>
    {
        var answer = new StructuredAnswer(parser, prompt.PlainTextExtends);
        return part => answer.Add(part) is { } delta ? new ChatResponse { Delta = Addressed(delta, part, choice) } : null;
    });

    private static ChatDelta Addressed(ChatDelta delta, AnswerPart part, int choice)
    {
        delta.TokenIds.Add(part.Tokens);
        delta.Logprobs.Add(part.LogProbs);
        delta.Choice = choice;
        return delta;
    }

    private static ResponseShape<ChatResponse> ChatWith(Func<int, Func<AnswerPart, ChatResponse?>> answer) => new(
        Operations.Chat,
        static prompt => new ChatResponse { Prompt = prompt },
        answer,
        static finish => new ChatResponse { Finish = finish });
}
