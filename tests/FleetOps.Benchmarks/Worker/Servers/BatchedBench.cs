using System.Globalization;
using System.Text.Json;
using FleetOps.Benchmarks.Processes;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>llama-batched-bench: the same work without a server and without a client, which is the limit of both.</summary>
internal static class BatchedBench
{
    /// <summary>Computes prompts and answers of <paramref name="count"/> sequences at once; generated tokens a second over the time of both.</summary>
    public static async Task<double> MeasureAsync(ServerShape shape, int count, int promptTokens, int answerTokens, CancellationToken cancel)
    {
        var output = await Command.RunAsync(
            Path.Combine(PeerServer.Folder(), "llama-batched-bench"),
            [
                "-m", shape.Model, "-c", Text(shape.ContextLength * shape.Slots), "-b", Text(ServerShape.BatchTokens), "-ub", Text(ServerShape.BatchTokens),
                "-t", Text(shape.Threads), "-tb", Text(shape.Threads), "-npp", Text(promptTokens), "-ntg", Text(answerTokens), "-npl", Text(count), "--output-format", "jsonl",
            ],
            cancel);
        using var line = JsonDocument.Parse(output.Split('\n').Last(text => text.StartsWith('{')));
        return answerTokens * count / line.RootElement.GetProperty("t").GetDouble();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
