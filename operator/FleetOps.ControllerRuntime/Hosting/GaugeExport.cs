using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>
/// Sends the gauges of a meter to a collector, those series alone that it tells at the moment. The export of the runtime's own meters would send a
/// series that once was for ever, as counters need it.
/// </summary>
/// <param name="options">Of the host.</param>
/// <param name="collector">Where the gauges are sent.</param>
/// <param name="meter">Name of the meter.</param>
/// <param name="own">Scope of the meter: another host of this process has one of the same name.</param>
/// <param name="mostSeries">How many series an instrument may have.</param>
internal sealed class GaugeExport(ControllerRuntimeOptions options, CollectorOptions collector, string meter, object own, Func<Instrument, int> mostSeries) : IHostedService
{
    private MeterProvider? _provider;

    /// <summary>Between two exports; null for the exporter's own choice, a minute unless OTEL_METRIC_EXPORT_INTERVAL says otherwise.</summary>
    public TimeSpan? Interval { get; init; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => Telemetry.Describe(resource, options))
            .AddMeter(meter)
            .AddView(instrument => instrument.Meter.Scope == own ? new MetricStreamConfiguration { CardinalityLimit = mostSeries(instrument) } : MetricStreamConfiguration.Drop)
            .AddOtlpExporter((exporter, reader) =>
            {
                Telemetry.Configure(exporter, collector, "metrics");
                reader.TemporalityPreference = MetricReaderTemporalityPreference.Delta;
                if (Interval is { } interval)
                {
                    reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)interval.TotalMilliseconds;
                }
            })
            .Build();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        // Sends what there is.
        _provider?.Dispose();
        return Task.CompletedTask;
    }
}
