using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

internal static partial class InformerLog
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Error, Message = "A handler of {Informer} failed on {Change} {Key}; the change may not have its effect until the object changes again")]
    public static partial void HandlerFailed(ILogger logger, Exception error, string informer, ChangeKind change, ObjectKey key);
}
