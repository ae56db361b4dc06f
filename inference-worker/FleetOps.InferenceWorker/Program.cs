using System.CommandLine;
using FleetOps.InferenceWorker.CommandLine;
using FleetOps.InferenceWorker.State;

var root = new RootCommand("Serves one language model over gRPC with llama.cpp.")
{
    ServeCommand.Create(),
    FetchCommand.Create(),
    RemoveCommand.Create(),
    InspectCommand.Create(),
    EstimateCommand.Create(),
    ChatCommand.Create(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    // What the terminal shows and what the operator reads is the same sentence.
    var message = string.Join(' ', parsed.Errors.Select(error => error.Message));
    var terminationLog = parsed.GetResult("--termination-log") is null ? null : parsed.GetValue<string?>("--termination-log");
    return CommandFailure.Report(terminationLog, FailureReason.InvalidConfiguration, $"{message} See --help.");
}

// serve handles its signals itself; the others end at the first one.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
