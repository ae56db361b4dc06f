using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Events;

internal static partial class EventLog
{
    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning, Message = "The event {Reason} about {Regarding} could not be written and is dropped: {Cause}")]
    public static partial void Dropped(ILogger logger, Exception error, string reason, string regarding, string cause);
}
