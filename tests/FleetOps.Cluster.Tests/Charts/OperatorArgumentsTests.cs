using FleetOps.Cluster.Tests.Support;
using FleetOps.Operator;

namespace FleetOps.Cluster.Tests.Charts;

/// <summary>The operator takes what the chart tells it.</summary>
public sealed class OperatorArgumentsTests
{
    [Theory]
    [InlineData("default")]
    [InlineData("everything")]
    [InlineData("confined")]
    public async Task The_operator_knows_every_argument(string values) =>
        Assert.Empty(OperatorCommand.Create((_, _) => Task.FromResult(0)).Parse(await ArgumentsAsync(values)).Errors.Select(error => error.Message));

    [Fact]
    public async Task Global_pull_secrets_open_the_registry_of_the_workers_too()
    {
        OperatorOptions? told = null;
        var command = OperatorCommand.Create((options, _) =>
        {
            told = options;
            return Task.FromResult(0);
        });

        await command.Parse(await ArgumentsAsync("everything")).InvokeAsync(cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(["mirror"], told!.WorkerImagePullSecrets);
    }

    private static async Task<string[]> ArgumentsAsync(string values)
    {
        var rendered = await Helm.TemplateAsync(
            "--kube-version", "1.35.0", "--show-only", "templates/deployment.yaml", "--values", Repository.Path("tests", "FleetOps.Cluster.Tests", "Charts", "Golden", $"{values}.values.yaml"));
        return [.. Yaml.Read(rendered).Single()["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]!.AsArray().Select(argument => (string)argument!)];
    }
}
