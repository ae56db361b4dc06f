using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.Services;

/// <summary>One of the answers to a request, on its way from the engine to the client.</summary>
internal sealed class AnswerStream<TResponse>(
    int choice, Generation generation, GenerationPlan plan, LlamaVocabulary vocabulary, ResponseShape<TResponse> shape, TimedStreamWriter<TResponse> writer, LoggedText? text)
    where TResponse : class
{
    private readonly TextPieceReader _pieces = new(generation, vocabulary, plan.Options, plan.StopStrings, plan.SpelledTokens);

    /// <summary>Tokens of the answer so far, a final one that is no text included.</summary>
    public int CompletionTokens => _pieces.MatchedStop is not null ? _pieces.TokensRead : generation.End?.SampledTokens ?? 0;

    /// <summary>Writes the answer to its end, which is returned. An end that is no error has been written too.</summary>
    /// <param name="describeEnd">Tells how a generation ended, given the stop string and the count of tokens read.</param>
    /// <exception cref="Grpc.Core.RpcException">The client did not read.</exception>
    public async Task<AnswerEnd> WriteAsync(Func<GenerationEnd, string?, int, AnswerEnd> describeEnd)
    {
        var answer = shape.Answer(choice);
        while (await _pieces.NextAsync())
        {
            text?.Append(_pieces.Text);
            await WriteAsync(answer(new AnswerPart(_pieces.Text, _pieces.Tokens, _pieces.LogProbs)));
        }

        var end = describeEnd(generation.End!, _pieces.MatchedStop, _pieces.TokensRead);
        if (end.Reason is { } reason)
        {
            await WriteAsync(answer(new AnswerPart("", [], [], reason)));
            await writer.WriteAsync(shape.Finish(end.Describe(choice, plan.Prompt.Length)));
        }

        return end;
    }

    private Task WriteAsync(TResponse? message) => message is null ? Task.CompletedTask : writer.WriteAsync(message);
}
