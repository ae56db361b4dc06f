using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Reconciling;

internal static partial class ControllerLog
{
    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Controller {Controller} runs with {Workers} worker(s) over {Objects} object(s)")]
    public static partial void Started(ILogger logger, string controller, int workers, int objects);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Information, Message = "Controller {Controller} has stopped")]
    public static partial void Stopped(ILogger logger, string controller);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Error, Message = "{Controller} could not reconcile {Key}: {Cause}; next try in {Delay}")]
    public static partial void Failed(ILogger logger, Exception? error, string controller, ObjectKey key, string cause, TimeSpan delay);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Error, Message = "{Controller} was still reconciling {Key} after {Limit} and was cancelled; next try in {Delay}")]
    public static partial void TimedOut(ILogger logger, string controller, ObjectKey key, TimeSpan limit, TimeSpan delay);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Error, Message = "{Controller} cannot reconcile {Key} as it is written: {Cause}; it waits for the object to change")]
    public static partial void Refused(ILogger logger, string controller, ObjectKey key, string cause);
}
