using System.Text.Encodings.Web;
using System.Text.Json;

namespace FleetOps.Operator;

/// <summary>Log lines on stdout: JSON for collectors, text for people. Both say which object a line is about, and by which id its reconcile is found.</summary>
internal static class ConsoleLog
{
    /// <summary>JSON in a cluster, where pods may be given a terminal and their logs are collected all the same, and whenever stdout is no terminal.</summary>
    public static LogFormat DefaultFormat =>
        Console.IsOutputRedirected || Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 } ? LogFormat.Json : LogFormat.Text;

    /// <summary>Writes to the console and to nothing else.</summary>
    public static void Add(ILoggingBuilder logging, LogFormat format)
    {
        logging.ClearProviders().AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        if (format == LogFormat.Json)
        {
            logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                console.JsonWriterOptions = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
            });
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.IncludeScopes = true;
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss.fff ";
            });
        }
    }
}
