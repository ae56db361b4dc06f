using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Leadership;

internal static partial class LeadershipLog
{
    [LoggerMessage(EventId = 1301, Level = LogLevel.Information, Message = "{Identity} leads; it holds the lease {Namespace}/{Name}")]
    public static partial void Leads(ILogger logger, string identity, string @namespace, string name);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Error, Message = "{Identity} no longer leads: holder is {Holder}, last renewal {Since} ago; work is being cancelled")]
    public static partial void Lost(ILogger logger, string identity, string holder, TimeSpan since);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Warning, Message = "Taking or renewing the lease {Namespace}/{Name} failed this time; trying again")]
    public static partial void TryFailed(ILogger logger, Exception error, string @namespace, string name);

    [LoggerMessage(EventId = 1304, Level = LogLevel.Information, Message = "{Identity} gave the lease {Namespace}/{Name} back")]
    public static partial void Released(ILogger logger, string identity, string @namespace, string name);

    [LoggerMessage(EventId = 1305, Level = LogLevel.Warning, Message = "The lease {Namespace}/{Name} could not be given back; it runs out by itself within {Duration}")]
    public static partial void ReleaseFailed(ILogger logger, Exception error, string @namespace, string name, TimeSpan duration);
}
