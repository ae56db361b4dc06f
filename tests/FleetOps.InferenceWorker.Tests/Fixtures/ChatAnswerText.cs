using System.Text;
using FleetOps.Inference.V1;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A streamed answer of a chat, put together as a client would.</summary>
internal sealed record ChatAnswerText(string Content, string Reasoning, IReadOnlyList<ToolCall> ToolCalls, FinishInfo Finish, int Deltas)
{
    /// <summary>Reads a stream; ids and names of calls come once, before their arguments.</summary>
    public static async Task<ChatAnswerText> ReadAsync(AsyncServerStreamingCall<ChatResponse> call)
    {
        using (call)
        {
            StringBuilder content = new(), reasoning = new();
            var calls = new List<ToolCall>();
            FinishInfo? finish = null;
            var deltas = 0;
            await foreach (var message in call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken))
            {
                finish = message.Finish ?? finish;
                if (message.Delta is not { } delta)
                {
                    continue;
                }

                deltas++;
                content.Append(delta.Content);
                reasoning.Append(delta.ReasoningContent);
                foreach (var part in delta.ToolCalls)
                {
                    if (part.Name.Length > 0)
                    {
                        Assert.Equal(calls.Count, part.Index);
                        Assert.NotEmpty(part.Id);
                        calls.Add(new ToolCall { Id = part.Id, Name = part.Name });
                    }

                    calls[part.Index].Arguments += part.Arguments;
                }
            }

            return new ChatAnswerText(content.ToString(), reasoning.ToString(), calls, finish!, deltas);
        }
    }
}
