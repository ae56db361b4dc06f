using System.Diagnostics.Metrics;
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
    /// <summary>Series of one metric of the runtime; what came beyond would be one series together.</summary>
    public const int MostSeries = 200;

    private const string DotnetMeter = "System.Runtime";

    // Room for all series is made in advance, 2,000 of them for each instrument by default; the labels here have few values.
    private static MetricStreamConfiguration Bounded => new() { CardinalityLimit = MostSeries };

    public static void Add(IServiceCollection services, ControllerRuntimeOptions options)
    {
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, options))
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(RuntimeMeter.Name, DotnetMeter)
                    .AddPrometheusExporter();
                if (options.Collector is { } collector)
                {
                    metrics.AddOtlpExporter(exporter => Configure(exporter, collector, "metrics"));
                }
            });
        // Meters are heard by their name. Another host of this process has the same, and its end would take our series along.
        services.ConfigureOpenTelemetryMeterProvider(static (provider, metrics) =>
        {
            var own = provider.GetRequiredService<IMeterFactory>();
            metrics.AddView(instrument => instrument.Meter.Scope == own || instrument.Meter.Name == DotnetMeter ? Bounded : MetricStreamConfiguration.Drop);
        });
        if (options.Collector is { } traced)
        {
            telemetry.WithTracing(tracing => tracing
                .AddSource(RuntimeMeter.Name)
                .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(traced.TraceShare)))
                .AddOtlpExporter(exporter => Configure(exporter, traced, "traces")));
        }
    }

    /// <summary>Copies of the program are told apart by their instance: the pod's name.</summary>
    public static ResourceBuilder Describe(ResourceBuilder resource, ControllerRuntimeOptions options) => resource.Clear().AddService(
        options.Component, serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3), serviceInstanceId: Environment.MachineName);

    /// <param name="exporter">The exporter.</param>
    /// <param name="collector">Where it sends to.</param>
    /// <param name="signal"><c>traces</c> or <c>metrics</c>; over HTTP its path comes after that of the collector, as OTLP wants it.</param>
    public static void Configure(OtlpExporterOptions exporter, CollectorOptions collector, string signal)
    {
        exporter.Protocol = collector.Protocol;
        exporter.Endpoint = collector.Protocol == OtlpExportProtocol.HttpProtobuf
            ? new UriBuilder(collector.Endpoint) { Path = $"{collector.Endpoint.AbsolutePath.TrimEnd('/')}/v1/{signal}" }.Uri
            : collector.Endpoint;
    }
}
