using System.Collections.Concurrent;
using System.Text;
using FleetOps.InferenceWorker.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>Stands in for a collector: it takes OTLP over gRPC or HTTP and keeps what it was sent.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Message)> _received = new();
    private readonly OtlpExportProtocol _protocol;
    private readonly WebApplication _app;

    private OtlpCollector(WebApplication app, OtlpExportProtocol protocol)
    {
        _app = app;
        _protocol = protocol;
    }

    /// <summary>How a worker is told of it.</summary>
    /// <param name="path">Path of its address.</param>
    public CollectorOptions Options(string path = "") => new() { Endpoint = new Uri(_app.Urls.Single() + path), Protocol = _protocol };

    /// <summary>Where it was sent something.</summary>
    public IReadOnlySet<string> Paths => _received.Select(export => export.Path).ToHashSet();

    /// <summary>The spans that it was sent.</summary>
    public IReadOnlyList<OtlpSpan> Spans => [.. Messages("race").SelectMany(OtlpSpan.Read)];

    /// <summary>The metrics that it was sent, as bytes in which names and labels can be read.</summary>
    public string Metrics => string.Concat(Messages("etric").Select(Encoding.Latin1.GetString));

    /// <summary>Everything that it was sent.</summary>
    public string All => string.Concat(Messages("").Select(Encoding.Latin1.GetString));

    public static async Task<OtlpCollector> StartAsync(OtlpExportProtocol protocol = OtlpExportProtocol.HttpProtobuf)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(
            listen => listen.Protocols = protocol == OtlpExportProtocol.HttpProtobuf ? HttpProtocols.Http1 : HttpProtocols.Http2));
        var collector = new OtlpCollector(builder.Build(), protocol);
        collector._app.Run(collector.ReceiveAsync);
        await collector._app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    // One of the signals, of the names that both protocols have for it.
    private IEnumerable<byte[]> Messages(string signal) => _received.Where(export => export.Path.Contains(signal, StringComparison.Ordinal)).Select(export => export.Message);

    private async Task ReceiveAsync(HttpContext context)
    {
        // A message of gRPC has its length before it.
        const int Prefix = 5;
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (_protocol == OtlpExportProtocol.HttpProtobuf)
        {
            _received.Enqueue((context.Request.Path, body.ToArray()));
            return;
        }

        _received.Enqueue((context.Request.Path, body.ToArray()[Prefix..]));
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[Prefix], context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
