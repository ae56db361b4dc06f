using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>A collector that takes metrics and traces over OTLP.</summary>
internal sealed record CollectorOptions
{
    /// <summary>Its address. Over HTTP the path of each signal comes after that of the address, as OTLP wants it.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>How it is spoken to.</summary>
    public OtlpExportProtocol Protocol { get; init; } = OtlpExportProtocol.Grpc;

    /// <summary>Share of the requests that are traced, 0 to 1. A caller that traces its request decides for itself.</summary>
    public double TraceShare { get; init; } = 1;

    /// <summary>Where a signal is sent.</summary>
    /// <param name="signal"><c>traces</c> or <c>metrics</c>.</param>
    public Uri EndpointOf(string signal) => Protocol == OtlpExportProtocol.HttpProtobuf
        ? new UriBuilder(Endpoint) { Path = $"{Endpoint.AbsolutePath.TrimEnd('/')}/v1/{signal}" }.Uri
        : Endpoint;
}
