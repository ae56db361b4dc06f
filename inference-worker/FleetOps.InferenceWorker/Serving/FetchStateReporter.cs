using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Shows the progress of a fetch in the worker's state and in its log. Reports on the thread that fetches, so in order.</summary>
internal sealed partial class FetchStateReporter(WorkerState state, ILogger logger) : IProgress<FetchProgress>
{
    private FetchFault? _lastFault;
    private int _lastTenth = -1;

    /// <inheritdoc/>
    public void Report(FetchProgress value)
    {
        state.Enter(value.Phase is FetchPhase.Verifying or FetchPhase.Completed ? WorkerPhase.Verifying : WorkerPhase.Fetching);
        state.Progress(value.FetchedBytes, value.TotalBytes ?? 0, value.BytesPerSecond, value.EstimatedRemaining);
        if (value.LastFault != _lastFault)
        {
            _lastFault = value.LastFault;
            state.Note(value.LastFault is { } fault ? ModelFetching.ReasonOf(fault.Reason).ToString() : "", value.LastFault?.Message ?? "");
            if (value.LastFault is { } logged)
            {
                LogFault(logger, ModelFetching.ReasonOf(logged.Reason), logged.Message, logged.Attempt, logged.RetryIn.TotalSeconds);
            }
        }

        if (value.Phase == FetchPhase.Fetching && value.TotalBytes is { } total and > 0)
        {
            var tenth = (int)(value.FetchedBytes * 10 / total);
            if (tenth != _lastTenth)
            {
                _lastTenth = tenth;
                LogProgress(logger, value.FetchedBytes, total, value.BytesPerSecond);
            }
        }
    }

    [LoggerMessage(1101, LogLevel.Warning, "Fetching failed ({Reason}, attempt {Attempt}): {Message} Trying again in {RetrySeconds:0.0} s")]
    private static partial void LogFault(ILogger logger, FailureReason reason, string message, int attempt, double retrySeconds);

    [LoggerMessage(1102, LogLevel.Information, "Fetched {FetchedBytes} of {TotalBytes} bytes, {BytesPerSecond:0} bytes/s")]
    private static partial void LogProgress(ILogger logger, long fetchedBytes, long totalBytes, double bytesPerSecond);
}
