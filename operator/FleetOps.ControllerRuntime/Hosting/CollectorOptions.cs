using OpenTelemetry.Exporter;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>A collector that takes OTLP.</summary>
public sealed record CollectorOptions
{
    /// <summary>
    /// Its address, such as <c>http://collector:4317</c>. Over HTTP <c>/v1/traces</c> and <c>/v1/metrics</c> come after its path.
    /// </summary>
    public required Uri Endpoint { get; init; }

    /// <summary>How it is spoken to. Default: gRPC.</summary>
    public OtlpExportProtocol Protocol { get; init; } = OtlpExportProtocol.Grpc;

    /// <summary>Share of the reconciles that are traced, 0 to 1. Default: all.</summary>
    public double TraceShare { get; init; } = 1;
}
