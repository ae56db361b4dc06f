using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FleetOps.Cluster.Tests.Operator;

/// <summary>The HTTP side of a worker, which tells the state that the test gives it.</summary>
internal sealed class PlayedWorker : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PlayedWorker(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    /// <summary>What GET /state answers; null for an error.</summary>
    public string? State { get; set; }

    public static async Task<PlayedWorker> StartAsync()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var worker = new PlayedWorker(builder.Build(), port);
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
