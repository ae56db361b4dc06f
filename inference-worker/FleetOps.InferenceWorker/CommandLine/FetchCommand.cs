using System.CommandLine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>fetch</c>: fetches and verifies a model and prints where it is.</summary>
internal static class FetchCommand
{
    public static Command Create()
    {
        var command = new Command("fetch", "Fetch and verify a model, and print its path, digest and size.");
        var source = new SourceSettings();
        source.AddTo(command);
        var statePort = Setting.OptionalNumber("--state-port", "Port on which GET /state tells how far the fetch is; 0 takes a free one [default: none]", 0, ushort.MaxValue);
        command.Add(statePort);
        command.SetAction((result, cancellationToken) => CommandFailure.HandleAsync(result.GetValue(source.TerminationLog), async () =>
        {
            try
            {
                return await RunAsync(source, result, result.GetValue(statePort), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
        }));
        return command;
    }

    private static async Task<int> RunAsync(SourceSettings source, ParseResult result, int? statePort, CancellationToken cancel)
    {
        var state = new WorkerState(TimeProvider.System, WorkerHost.Version);
        await using var host = statePort is { } port ? await FetchHost.StartAsync(port, state, cancel) : null;
        foreach (var address in host?.Urls ?? [])
        {
            Console.Error.WriteLine($"State: {address}/state");
        }

        var progress = new ConsoleProgress(new FetchStateReporter(state, NullLogger.Instance));
        var file = await ModelFetching.FetchAsync(source.FetcherOptions(result), source.Request(result), progress, cancel);
        using var use = file.Use;
        Console.Out.WriteLine($"{file.Path} {file.Sha256} {file.SizeBytes}");
        TerminationLog.TryWrite(result.GetValue(source.TerminationLog), new FetchedModel(file.SizeBytes, file.Sha256, file.License ?? "", file.Revision ?? "", file.DigestOrigin.ToString()));
        return ExitCodes.Success;
    }

    /// <summary>Progress for people, on stderr so that stdout holds the result only.</summary>
    private sealed class ConsoleProgress(FetchStateReporter state) : IProgress<FetchProgress>
    {
        private string _last = "";

        public void Report(FetchProgress value)
        {
            state.Report(value);
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
