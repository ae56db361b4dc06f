using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace FleetOps.Benchmarks.Worker.Servers;

/// <summary>Takes traces over OTLP's HTTP protocol, and forgets them.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private long _received;

    private TraceCollector()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            Interlocked.Increment(ref _received);
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        });
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.Single());

    /// <summary>Messages that came.</summary>
    public long Received => Interlocked.Read(ref _received);

    public static async Task<TraceCollector> StartAsync(CancellationToken cancel)
    {
        var collector = new TraceCollector();
        await collector._app.StartAsync(cancel);
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
