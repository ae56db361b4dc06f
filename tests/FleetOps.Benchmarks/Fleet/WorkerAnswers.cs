using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>
/// Plays the HTTP side of all workers. Every pod has a loopback address of its own, as pods in a cluster have, and one listener answers for
/// all of them on the port of workers.
/// </summary>
internal sealed class WorkerAnswers : IAsyncDisposable
{
    private const int Port = 8080;

    private static readonly byte[] State = Encoding.UTF8.GetBytes(
        """
        {"phase":"Serving","since":"2026-01-01T00:00:20Z","fetchedBytes":4920739232,"totalBytes":4920739232,"model":{"architecture":"llama",
         "name":"Meta Llama 3.1 8B Instruct","parameters":8030261312,"quantization":"Q4_K_M","contextLength":131072,"sizeBytes":4920739232,
         "sha256":"7b064f5842bf9532c91456deda288a1b672397a54fa729aa665952863033557c","license":"llama3.1","revision":"5206a32e0bd3067aef1ce90f5528ade7d866253f"}}
        """);

    private readonly WebApplication _app;

    private WorkerAnswers(WebApplication app) => _app = app;

    /// <summary>The address of a pod.</summary>
    public static string AddressOf(int pod) => string.Create(CultureInfo.InvariantCulture, $"127.{64 + (pod >> 16)}.{(pod >> 8) & 255}.{pod & 255}");

    /// <exception cref="IOException">Something listens on the port already.</exception>
    public static async Task<WorkerAnswers> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(Port));
        var app = builder.Build();
        app.Run(static async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = State.Length;
            await context.Response.Body.WriteAsync(State, context.RequestAborted);
        });
        await app.StartAsync();
        return new(app);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
