using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A stream of several answers that was read to its end.</summary>
internal sealed record Choices(PromptInfo Prompt, IReadOnlyList<string> Texts, IReadOnlyList<FinishInfo> Finishes)
{
    /// <summary>Reads a stream and checks that there is one prompt at the beginning and one finish for each answer, after its pieces.</summary>
    public static async Task<Choices> ReadAsync(AsyncServerStreamingCall<GenerateResponse> call, int count)
    {
        using (call)
        {
            var events = await call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync();
            var texts = Enumerable.Repeat("", count).ToArray();
            var finishes = new FinishInfo?[count];
            foreach (var message in events.Skip(1))
            {
                if (message.Finish is { } finish)
                {
                    Assert.Null(finishes[finish.Choice]);
                    finishes[finish.Choice] = finish;
                }
                else
                {
                    Assert.Null(finishes[message.Piece.Choice]);
                    texts[message.Piece.Choice] += message.Piece.Text;
                }
            }

            Assert.All(finishes, Assert.NotNull);
            return new Choices(events[0].Prompt, texts, [.. finishes.OfType<FinishInfo>()]);
        }
    }
}
