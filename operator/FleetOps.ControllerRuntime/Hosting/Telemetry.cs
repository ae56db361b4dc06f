using FleetOps.ControllerRuntime.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Says what becomes of what meters and traces tell: Prometheus asks for it, and a collector has it sent.</summary>
internal static class Telemetry
{
    private const int MostSeries = 200;

    public static void Add(IServiceCollection services, ControllerRuntimeOptions options)
    {
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, options))
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(RuntimeMeter.Name, "System.Runtime")
                    // Room for all series is made in advance, 2,000 of them for each instrument by default; the labels here have few values.
                    .AddView(static _ => new MetricStreamConfiguration { CardinalityLimit = MostSeries })
                    .AddPrometheusExporter();
                if (options.Collector is { } collector)
                {
                    metrics.AddOtlpExporter(exporter => Configure(exporter, collector, "v1/metrics"));
                }
            });
        if (options.Collector is { } traced)
        {
            telemetry.WithTracing(tracing => tracing
                .AddSource(RuntimeMeter.Name)
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(traced.TraceShare)))
                .AddOtlpExporter(exporter => Configure(exporter, traced, "v1/traces")));
        }
    }

    /// <summary>Copies of the program are told apart by their instance: the pod's name.</summary>
    public static ResourceBuilder Describe(ResourceBuilder resource, ControllerRuntimeOptions options) => resource.Clear().AddService(
        options.Component, serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3), serviceInstanceId: Environment.MachineName);

    /// <param name="exporter">The exporter.</param>
    /// <param name="collector">Where it sends to.</param>
    /// <param name="path">Path of the signal under an HTTP address that names none.</param>
    public static void Configure(OtlpExporterOptions exporter, CollectorOptions collector, string path)
    {
        exporter.Protocol = collector.Protocol;
        exporter.Endpoint = collector.Protocol == OtlpExportProtocol.HttpProtobuf && collector.Endpoint.AbsolutePath == "/" ? new Uri(collector.Endpoint, path) : collector.Endpoint;
    }
}
