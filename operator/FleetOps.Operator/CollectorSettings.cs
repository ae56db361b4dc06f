using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FleetOps.ControllerRuntime.Hosting;
using OpenTelemetry.Exporter;

namespace FleetOps.Operator;

/// <summary>The options that say where metrics and traces are sent: the operator's own, or those that it hands to workers.</summary>
internal sealed class CollectorSettings(string prefix, string sent, string traced)
{
    private readonly Option<Uri?> _endpoint = Create<Uri?>(
        $"{prefix}otlp-endpoint", $"Collector that {sent} are sent to; HttpProtobuf adds /v1/metrics and /v1/traces to its path. Default: they are not.", "an http:// or https:// address, for example http://collector:4317", ReadAddress, null);

    private readonly Option<OtlpExportProtocol> _protocol = Create(
        $"{prefix}otlp-protocol", "How the collector is spoken to: Grpc or HttpProtobuf. Default: Grpc.", "Grpc or HttpProtobuf", ReadProtocol, OtlpExportProtocol.Grpc);

    private readonly Option<double> _share = Create($"{prefix}trace-share", $"Share of the {traced} that are traced. Default: 1.", "a number from 0 to 1", ReadShare, 1.0);

    public void AddTo(Command command)
    {
        command.Add(_endpoint);
        command.Add(_protocol);
        command.Add(_share);
    }

    public CollectorOptions? Read(ParseResult result) => result.GetValue(_endpoint) is { } endpoint
        ? new() { Endpoint = endpoint, Protocol = result.GetValue(_protocol), TraceShare = result.GetValue(_share) }
        : null;

    private static Option<T> Create<T>(string name, string description, string expected, Reader<T> read, T otherwise)
    {
        var variable = OperatorCommand.Variable(name);
        return new(name)
        {
            Description = $"{description} Environment: {variable}.",
            CustomParser = result => Parse(result, name, result.Tokens[^1].Value),
            DefaultValueFactory = result => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? Parse(result, variable, text) : otherwise,
        };

        T Parse(ArgumentResult result, string origin, string text)
        {
            if (read(text, out var value))
            {
                return value;
            }

            result.AddError($"{origin} is '{text}'; it must be {expected}.");
            return otherwise;
        }
    }

    private static bool ReadAddress(string text, out Uri? address) => Uri.TryCreate(text, UriKind.Absolute, out address) && address.Scheme is "http" or "https";

    private static bool ReadProtocol(string text, out OtlpExportProtocol protocol) => Enum.TryParse(text, ignoreCase: true, out protocol) && Enum.IsDefined(protocol) && !char.IsAsciiDigit(text[0]);

    private static bool ReadShare(string text, out double share) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out share) && share is >= 0 and <= 1;

    private delegate bool Reader<T>(string text, out T value);
}
