using FleetOps.Inference.V1;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The shapes of the RPCs that stream; the operation names are those of the OpenTelemetry conventions.</summary>
internal static class ResponseShapes
{
    /// <summary>Generate.</summary>
    public static readonly ResponseShape<GenerateResponse> Generate = new(
        "text_completion",
        prompt => new GenerateResponse { Prompt = prompt },
        (text, tokens) => new GenerateResponse { Piece = new TextPiece { Text = text, TokenIds = { tokens } } },
        finish => new GenerateResponse { Finish = finish });

    /// <summary>Chat.</summary>
    public static readonly ResponseShape<ChatResponse> Chat = new(
        "chat",
        prompt => new ChatResponse { Prompt = prompt },
        (text, tokens) => new ChatResponse { Delta = new ChatDelta { Content = text, TokenIds = { tokens } } },
        finish => new ChatResponse { Finish = finish });
}
