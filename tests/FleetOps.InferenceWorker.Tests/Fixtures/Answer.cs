using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A stream that was read to its end.</summary>
internal sealed record Answer(PromptInfo Prompt, IReadOnlyList<string> Pieces, IReadOnlyList<int> Tokens, FinishInfo Finish)
{
    public string Text => string.Concat(Pieces);

    /// <summary>Reads a stream of Generate and checks that prompt comes first and finish last.</summary>
    public static async Task<Answer> ReadAsync(AsyncServerStreamingCall<GenerateResponse> call)
    {
        using (call)
        {
            var events = await call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync();
            Assert.Equal(GenerateResponse.EventOneofCase.Prompt, events[0].EventCase);
            Assert.Equal(GenerateResponse.EventOneofCase.Finish, events[^1].EventCase);
            var pieces = events[1..^1];
            Assert.All(pieces, piece => Assert.Equal(GenerateResponse.EventOneofCase.Piece, piece.EventCase));
            return new Answer(events[0].Prompt, [.. pieces.Select(piece => piece.Piece.Text)], [.. pieces.SelectMany(piece => piece.Piece.TokenIds)], events[^1].Finish);
        }
    }

    /// <summary>Reads a stream of Chat and checks that prompt comes first and finish last.</summary>
    public static async Task<Answer> ReadAsync(AsyncServerStreamingCall<ChatResponse> call)
    {
        using (call)
        {
            var events = await call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync();
            Assert.Equal(ChatResponse.EventOneofCase.Prompt, events[0].EventCase);
            Assert.Equal(ChatResponse.EventOneofCase.Finish, events[^1].EventCase);
            var deltas = events[1..^1];
            Assert.All(deltas, delta => Assert.Equal(ChatResponse.EventOneofCase.Delta, delta.EventCase));
            return new Answer(events[0].Prompt, [.. deltas.Select(delta => delta.Delta.Content)], [.. deltas.SelectMany(delta => delta.Delta.TokenIds)], events[^1].Finish);
        }
    }
}
