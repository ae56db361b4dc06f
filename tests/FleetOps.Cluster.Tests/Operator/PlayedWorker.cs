using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>The HTTP side of a worker, which tells the state that the test gives it.</summary>
internal sealed class PlayedWorker : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PlayedWorker(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    /// <summary>What GET /state answers; null for an error.</summary>
    public string? State { get; set; }

    public static async Task<PlayedWorker> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var worker = new PlayedWorker(builder.Build());
        worker._app.MapGet("/state", () => worker.State is { } state ? Results.Text(state, "application/json") : Results.StatusCode(500));
        await worker._app.StartAsync();
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
