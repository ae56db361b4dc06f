using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Console;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Log lines on stdout: JSON for collectors, text for people. Both carry the ids of the request that they are about.</summary>
internal static class ConsoleLog
{
    /// <summary>Adds the console.</summary>
    public static void Add(ILoggingBuilder logging, bool json)
    {
        logging.SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Grpc", LogLevel.Warning);
        if (json)
        {
            logging.AddJsonConsole(format =>
            {
                format.IncludeScopes = true;
                format.UseUtcTimestamp = true;
                format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                format.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            });
        }
        else
        {
            logging.AddSimpleConsole(format =>
            {
                format.IncludeScopes = true;
                format.SingleLine = true;
                format.TimestampFormat = "HH:mm:ss.fff ";
                format.ColorBehavior = LoggerColorBehavior.Default;
            });
        }
    }
}
