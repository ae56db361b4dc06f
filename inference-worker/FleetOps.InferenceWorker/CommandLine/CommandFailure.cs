using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>Turns the failure of a command into one line, a termination message and an exit code.</summary>
internal static class CommandFailure
{
    /// <summary>Runs a command.</summary>
    /// <param name="terminationLog">Where the reason is left; null for nowhere.</param>
    /// <param name="command">The command; returns its exit code.</param>
    public static async Task<int> HandleAsync(string? terminationLog, Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (WorkerFailedException failure)
        {
            return Report(terminationLog, failure.Reason, failure.Message);
        }
        catch (Exception unexpected)
        {
            return Report(terminationLog, FailureReason.EngineFailed, $"Unexpected: {unexpected}");
        }
    }

    /// <summary>Tells of a failure and returns its exit code.</summary>
    public static int Report(string? terminationLog, FailureReason reason, string message)
    {
        Console.Error.WriteLine($"{reason}: {message}");
        TerminationLog.TryWrite(terminationLog, reason, message);
        return ExitCodes.Of(reason);
    }
}
