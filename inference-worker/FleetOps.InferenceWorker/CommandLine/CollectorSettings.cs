using System.CommandLine;
using System.Globalization;
using FleetOps.InferenceWorker.Telemetry;
using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>serve</c> that say where metrics and traces are sent.</summary>
internal sealed class CollectorSettings
{
    private readonly Option<Uri?> _endpoint = Setting.Create<Uri?>(
        "--otlp-endpoint",
        "URL",
        "Collector that metrics and traces are sent to; HttpProtobuf adds /v1/metrics and /v1/traces to its path [default: none are sent, and no traces made]",
        "an http:// or https:// address, for example http://collector:4317",
        ReadAddress,
        () => null);

    private readonly Option<OtlpExportProtocol> _protocol = Setting.Choice("--otlp-protocol", "How the collector is spoken to", () => OtlpExportProtocol.Grpc);

    private readonly Option<double> _share = Setting.Create(
        "--trace-share", "SHARE", "Share of the requests that are traced, unless the caller decides", "a number from 0 to 1", ReadShare, () => 1.0);

    public void AddTo(Command command)
    {
        command.Add(_endpoint);
        command.Add(_protocol);
        command.Add(_share);
    }

    public CollectorOptions? Read(ParseResult result) => result.GetValue(_endpoint) is { } endpoint
        ? new() { Endpoint = endpoint, Protocol = result.GetValue(_protocol), TraceShare = result.GetValue(_share) }
        : null;

    private static Uri? ReadAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;

    private static double ReadShare(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1 ? share : throw new FormatException();
}
