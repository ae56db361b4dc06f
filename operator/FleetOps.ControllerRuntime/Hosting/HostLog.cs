using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Hosting;

internal static partial class HostLog
{
    [LoggerMessage(EventId = 1501, Level = LogLevel.Information, Message = "All {Count} store(s) are synced")]
    public static partial void Synced(ILogger logger, int count);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "Still waiting for stores, controllers have not started: {Problems}")]
    public static partial void Waiting(ILogger logger, string problems);

    [LoggerMessage(EventId = 1503, Level = LogLevel.Information, Message = "Stopping: running reconciles are being finished")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(EventId = 1504, Level = LogLevel.Warning, Message = "Reconciles still run after {Patience}; they are being cancelled")]
    public static partial void Cancelling(ILogger logger, TimeSpan patience);

    [LoggerMessage(EventId = 1505, Level = LogLevel.Information, Message = "Controllers and informers have stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(EventId = 1506, Level = LogLevel.Critical, Message = "The controllers cannot go on; the process ends so that it is started anew")]
    public static partial void Failed(ILogger logger, Exception error);
}
