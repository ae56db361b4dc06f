using FleetOps.ControllerRuntime.Hosting;
using OpenTelemetry.Exporter;

namespace FleetOps.ControllerRuntime.Tests.Hosting;

public sealed class TelemetryTests
{
    [Theory]
    [InlineData(OtlpExportProtocol.HttpProtobuf, "http://c:4318", "http://c:4318/v1/traces")]
    [InlineData(OtlpExportProtocol.HttpProtobuf, "http://c:4318/otlp", "http://c:4318/otlp/v1/traces")]
    [InlineData(OtlpExportProtocol.HttpProtobuf, "https://c/a/b/?key=1", "https://c/a/b/v1/traces?key=1")]
    [InlineData(OtlpExportProtocol.Grpc, "http://c:4317/", "http://c:4317/")]
    public void Over_HTTP_the_path_of_a_signal_comes_after_that_of_the_collector(OtlpExportProtocol protocol, string address, string traces)
    {
        var exporter = new OtlpExporterOptions();

        Telemetry.Configure(exporter, new() { Endpoint = new(address), Protocol = protocol }, "traces");

        Assert.Equal((new Uri(traces), protocol), (exporter.Endpoint, exporter.Protocol));
    }
}
