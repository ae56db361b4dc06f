using FleetOps.Benchmarks.Worker.Models;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Load;

/// <summary>First answers that do not count: they make the page cache, thread pools and connections warm.</summary>
internal static class WarmUp
{
    private const int Requests = 4;
    private const int PromptTokens = 64;
    private const int AnswerTokens = 8;

    public static Task RunAsync(IModelServer server, BenchModel model, CancellationToken cancel)
    {
        var asks = new Prompts(model, seed: 1).Next(Requests, PromptTokens).Select(prompt => new Ask(prompt, AnswerTokens));
        return Wave.RunAsync(server, [[.. asks]], cancel);
    }
}
