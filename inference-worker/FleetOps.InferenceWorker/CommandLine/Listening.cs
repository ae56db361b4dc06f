using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>Tells where the server listens.</summary>
internal static partial class Listening
{
    /// <summary>Writes the addresses to the log: the first is gRPC, the second HTTP.</summary>
    public static void Log(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        LogListening(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("FleetOps.InferenceWorker"), addresses[0], addresses[1]);
    }

    [LoggerMessage(1301, LogLevel.Information, "Listening: gRPC on {GrpcAddress}, HTTP on {HttpAddress}")]
    private static partial void LogListening(ILogger logger, string grpcAddress, string httpAddress);
}
