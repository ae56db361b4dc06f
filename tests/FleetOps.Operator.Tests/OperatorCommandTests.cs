using OpenTelemetry.Exporter;

namespace FleetOps.Operator.Tests;

[Collection(nameof(OperatorCommand))]
public sealed class OperatorCommandTests
{
    private const string HostPathVariable = "FLEETOPS_ALLOW_HOST_PATH";

    [Fact]
    public async Task Nothing_is_allowed_and_no_licence_asked_for_by_default()
    {
        var options = await ParseAsync();

        Assert.Empty(options.AllowedHostPaths);
        Assert.False(options.RequireLicenseAcceptance);
        Assert.False(options.RequireDigest);
    }

    [Fact]
    public async Task Policy_comes_from_the_command_line()
    {
        var options = await ParseAsync("--allow-host-path=/srv/models", "--allow-host-path", "/var/lib/models", "--require-license-acceptance", "--require-digest");

        Assert.Equal(["/srv/models", "/var/lib/models"], options.AllowedHostPaths);
        Assert.True(options.RequireLicenseAcceptance);
        Assert.True(options.RequireDigest);
    }

    [Fact]
    public async Task Mirrors_come_from_the_command_line_and_have_to_be_pairs_of_addresses()
    {
        Assert.Equal(["s3://models/=http://mirror:8080/m/"], (await ParseAsync("--mirror", "s3://models/=http://mirror:8080/m/")).Mirrors);
        Assert.Equal(["oci://ghcr.io/=oci://mirror:5000/"], (await ParseAsync("--mirror", "oci://ghcr.io/=oci://mirror:5000/")).Mirrors);
        Assert.Contains("such as s3://models/=https://", Errors("--mirror", "s3://models=mirror"), StringComparison.Ordinal);
        Assert.Contains("such as s3://models/=https://", Errors("--mirror", "oci://ghcr.io/=https://mirror/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_for_the_worker_images_come_from_the_command_line_and_have_to_be_names()
    {
        Assert.Empty((await ParseAsync()).WorkerImagePullSecrets);
        Assert.Equal(["mirror", "registry.example"], (await ParseAsync("--worker-image-pull-secret=mirror", "--worker-image-pull-secret=registry.example")).WorkerImagePullSecrets);
        Assert.Contains("--worker-image-pull-secret is 'Mirror', which is no name of a Secret", Errors("--worker-image-pull-secret=Mirror"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Policy_comes_from_the_environment_where_the_command_line_says_nothing()
    {
        Environment.SetEnvironmentVariable(HostPathVariable, "/srv/models, /var/lib/models");
        try
        {
            Assert.Equal(["/srv/models", "/var/lib/models"], (await ParseAsync()).AllowedHostPaths);
            Assert.Equal(["/other"], (await ParseAsync("--allow-host-path=/other")).AllowedHostPaths);

            Environment.SetEnvironmentVariable(HostPathVariable, "models");
            Assert.Contains($"{HostPathVariable} is 'models'", Errors(), StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(HostPathVariable, null);
        }
    }

    [Theory]
    [InlineData("models")]
    [InlineData("/var/../etc")]
    public void A_path_that_is_none_is_refused_with_the_cure(string path) =>
        Assert.Contains($"--allow-host-path is '{path}', which is no absolute path without '..'", Errors("--allow-host-path", path), StringComparison.Ordinal);

    [Fact]
    public async Task Nothing_is_sent_to_a_collector_unless_one_is_named()
    {
        Assert.Null((await ParseAsync("--trace-share=0.5")).Collector);

        var usual = (await ParseAsync("--otlp-endpoint=http://collector:4317")).Collector!;
        Assert.Equal((new("http://collector:4317"), OtlpExportProtocol.Grpc, 1.0), (usual.Endpoint, usual.Protocol, usual.TraceShare));

        var other = (await ParseAsync("--otlp-endpoint", "https://collector", "--otlp-protocol", "httpprotobuf", "--trace-share=0.25")).Collector!;
        Assert.Equal((new("https://collector"), OtlpExportProtocol.HttpProtobuf, 0.25), (other.Endpoint, other.Protocol, other.TraceShare));
    }

    [Theory]
    [InlineData("--otlp-endpoint", "collector:4317", "it must be an http:// or https:// address")]
    [InlineData("--otlp-endpoint", "/collector", "it must be an http:// or https:// address")]
    [InlineData("--otlp-protocol", "1", "it must be Grpc or HttpProtobuf")]
    [InlineData("--trace-share", "1.5", "it must be a number from 0 to 1")]
    [InlineData("--trace-share", "NaN", "it must be a number from 0 to 1")]
    public void A_collector_that_is_none_is_refused_with_the_cure(string option, string value, string cure) =>
        Assert.Contains($"{option} is '{value}'; {cure}", Errors(option, value), StringComparison.Ordinal);

    private static async Task<OperatorOptions> ParseAsync(params string[] arguments)
    {
        OperatorOptions? parsed = null;
        var command = OperatorCommand.Create((options, _) =>
        {
            parsed = options;
            return Task.FromResult(0);
        });
        Assert.Equal(0, await command.Parse(["--worker-image=worker:1", .. arguments]).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken));
        return parsed!;
    }

    private static string Errors(params string[] arguments) =>
        string.Join('\n', OperatorCommand.Create((_, _) => Task.FromResult(0)).Parse(["--worker-image=worker:1", .. arguments]).Errors.Select(error => error.Message));
}
