using System.CommandLine;
using System.Globalization;
using FleetOps.InferenceWorker.Telemetry;
using OpenTelemetry.Exporter;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>serve</c> that say where traces go.</summary>
internal sealed class TraceSettings
{
    private readonly Option<Uri?> _endpoint = Setting.Create<Uri?>(
        "--otlp-endpoint", "URL", "Collector that traces are sent to [default: none are made]", "an http:// or https:// address, for example http://collector:4317", ReadAddress, () => null);

    private readonly Option<OtlpExportProtocol> _protocol = Setting.Choice("--otlp-protocol", "How the collector is spoken to", () => OtlpExportProtocol.Grpc);

    private readonly Option<double> _share = Setting.Create(
        "--trace-share", "SHARE", "Share of the requests that are traced, unless the caller decides", "a number from 0 to 1", ReadShare, () => 1.0);

    public void AddTo(Command command)
    {
        command.Add(_endpoint);
        command.Add(_protocol);
        command.Add(_share);
    }

    public TracingOptions Read(ParseResult result) => new()
    {
        Endpoint = result.GetValue(_endpoint),
        Protocol = result.GetValue(_protocol),
        Share = result.GetValue(_share),
    };

    private static Uri? ReadAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;

    private static double ReadShare(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= 1 ? share : throw new FormatException();
}
