using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

internal static partial class InformerLog
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "A handler of {Informer} failed on {Change} {Key}; the change may not have its effect until the object changes again")]
    public static partial void HandlerFailed(ILogger logger, Exception error, string informer, ChangeKind change, ObjectKey key);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Information, Message = "{Informer}: {Count} object(s) listed at version {ResourceVersion}")]
    public static partial void Listed(ILogger logger, string informer, int count, string resourceVersion);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Information, Message = "{Informer} is being watched")]
    public static partial void Well(ILogger logger, string informer);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Information, Message = "{Informer}: the server does no streaming list ({Cause}); pages are listed instead")]
    public static partial void StreamingListRefused(ILogger logger, string informer, string cause);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Information, Message = "{Informer}: the version to resume from has expired ({Cause}); listing again")]
    public static partial void Expired(ILogger logger, string informer, string cause);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Error, Message = "{Informer}: {Key} could not be read and is left out until it changes")]
    public static partial void Malformed(ILogger logger, Exception error, string informer, ObjectKey key);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Warning, Message = "{Informer} is not up to date: {Problem}. Trying again")]
    public static partial void Troubled(ILogger logger, Exception error, string informer, string problem);

    [LoggerMessage(EventId = 1108, Level = LogLevel.Debug, Message = "{Informer} is still not up to date: {Problem}. Trying again")]
    public static partial void StillTroubled(ILogger logger, Exception error, string informer, string problem);
}
