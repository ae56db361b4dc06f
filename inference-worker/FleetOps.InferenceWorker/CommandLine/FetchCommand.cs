using System.CommandLine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>fetch</c>: fetches and verifies a model and prints where it is.</summary>
internal static class FetchCommand
{
    public static Command Create()
    {
        var command = new Command("fetch", "Fetch and verify a model, and print its path, digest and size.");
        var source = new SourceSettings();
        source.AddTo(command);
        command.SetAction((result, cancellationToken) => CommandFailure.HandleAsync(result.GetValue(source.TerminationLog), async () =>
        {
            try
            {
                var file = await ModelFetching.FetchAsync(source.FetcherOptions(result), source.Request(result), new ConsoleProgress(), cancellationToken);
                Console.Out.WriteLine($"{file.Path} {file.Sha256} {file.SizeBytes}");
                return ExitCodes.Success;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
        }));
        return command;
    }

    /// <summary>Progress for people, on stderr so that stdout holds the result only.</summary>
    private sealed class ConsoleProgress : IProgress<FetchProgress>
    {
        private string _last = "";

        public void Report(FetchProgress value)
        {
            var line = value switch
            {
                { LastFault: { } fault } => $"{ModelFetching.ReasonOf(fault.Reason)}: {fault.Message} Trying again in {fault.RetryIn.TotalSeconds:0.0} s (attempt {fault.Attempt}).",
                { Phase: FetchPhase.Fetching, TotalBytes: { } total and > 0 } => $"Fetching: {value.FetchedBytes * 100 / total} % of {total} bytes",
                _ => value.Phase.ToString(),
            };
            if (line != _last)
            {
                _last = line;
                Console.Error.WriteLine(line);
            }
        }
    }
}
