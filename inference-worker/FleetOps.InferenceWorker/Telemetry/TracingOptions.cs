using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Where traces go, and how many.</summary>
internal sealed record TracingOptions
{
    /// <summary>The collector that takes OTLP; null makes no traces.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>How the collector is spoken to.</summary>
    public OtlpExportProtocol Protocol { get; init; } = OtlpExportProtocol.Grpc;

    /// <summary>Share of the requests that are traced, 0 to 1. A caller that traces its request decides for itself.</summary>
    public double Share { get; init; } = 1;
}
