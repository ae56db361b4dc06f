using System.Collections.Concurrent;
using System.Text;
using FleetOps.ControllerRuntime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using OpenTelemetry.Exporter;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>A collector that takes OTLP over HTTP and keeps what it was sent.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    /// <summary>Where it was sent something.</summary>
    public IReadOnlySet<string> Paths => _received.Select(export => export.Path).ToHashSet(StringComparer.Ordinal);

    public CollectorOptions Options => new() { Endpoint = new(_app.Urls.Single()), Protocol = OtlpExportProtocol.HttpProtobuf };

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var collector = new Collector(builder.Build());
        collector._app.Run(collector.ReceiveAsync);
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    /// <summary>The exports of a signal, in their order. Names and values stand in them as they are.</summary>
    /// <param name="signal"><c>traces</c> or <c>metrics</c>.</param>
    public IReadOnlyList<string> Exports(string signal) =>
        [.. _received.Where(export => export.Path == $"/v1/{signal}").Select(export => Encoding.Latin1.GetString(export.Body))];

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        _received.Enqueue((context.Request.Path, body.ToArray()));
    }
}
