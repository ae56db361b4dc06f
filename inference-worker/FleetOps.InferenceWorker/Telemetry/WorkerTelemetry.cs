using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Says what becomes of what meters and traces tell: Prometheus asks for metrics, and a collector has both sent.</summary>
internal static class WorkerTelemetry
{
    /// <summary>
    /// Series of one metric. Room for all of them is made in advance, and no label has so many values; what came beyond would be one series together.
    /// </summary>
    public const int MostSeries = 200;

    /// <summary>Adds the exporters.</summary>
    /// <param name="services">The services of the worker.</param>
    /// <param name="version">Version of this program.</param>
    /// <param name="collector">Where metrics and traces are sent; null for nowhere.</param>
    public static void Add(IServiceCollection services, string version, CollectorOptions? collector)
    {
        var telemetry = services.AddOpenTelemetry()
            // Workers are told apart by their instance: the pod's name.
            .ConfigureResource(resource => resource.Clear().AddService("fleetops-worker", serviceVersion: version, serviceInstanceId: Environment.MachineName))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(MetricNames.Meter).AddPrometheusExporter(exporter => exporter.ScopeInfoEnabled = false);
                if (collector is not null)
                {
                    metrics.AddOtlpExporter(exporter => (exporter.Protocol, exporter.Endpoint) = (collector.Protocol, collector.EndpointOf("metrics")));
                }
            });
        // Meters are heard by their name, and another worker of this process has the same.
        services.ConfigureOpenTelemetryMeterProvider(static (provider, metrics) =>
        {
            var own = provider.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => instrument.Meter.Scope == own ? new MetricStreamConfiguration { CardinalityLimit = MostSeries } : MetricStreamConfiguration.Drop);
        });
        if (collector is not null)
        {
            telemetry.WithTracing(tracing => tracing
                .AddSource(RequestTraces.Source)
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(collector.TraceShare)))
                .AddOtlpExporter(exporter => (exporter.Protocol, exporter.Endpoint) = (collector.Protocol, collector.EndpointOf("traces"))));
        }
    }
}
