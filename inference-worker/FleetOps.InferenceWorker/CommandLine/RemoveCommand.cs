using System.CommandLine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>remove</c>: removes a model that was fetched, unless a process uses it.</summary>
internal static class RemoveCommand
{
    public static Command Create()
    {
        var command = new Command("remove", "Remove the files that fetch or serve keep of a model, unless a process uses them.");
        var source = new SourceSettings();
        source.AddTo(command);
        command.SetAction((result, cancellationToken) => CommandFailure.HandleAsync(result.GetValue(source.TerminationLog), async () =>
        {
            try
            {
                var removal = await ModelFetching.RemoveAsync(source.FetcherOptions(result), source.Request(result), cancellationToken);
                Console.Out.WriteLine(removal.InUse ? "In use, and left as it is." : $"Removed {removal.Bytes} bytes.");
                TerminationLog.TryWrite(result.GetValue(source.TerminationLog), new RemovedModel(removal.Bytes, removal.InUse));
                return ExitCodes.Success;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return ExitCodes.Interrupted;
            }
        }));
        return command;
    }
}
