using System.Diagnostics;
using System.Text.Json;

namespace FleetOps.Operator.Tests;

/// <summary>What the lines of the built program look like. It is pointed at an API server that does not answer, of which it tells.</summary>
[Collection(nameof(OperatorCommand))]
public sealed class LogFormatTests : IDisposable
{
    private const string Terminal = "/usr/bin/script";
    private const string TextLine = @"^\d\d:\d\d:\d\d\.\d{3} [a-z]{4}: \S+\[\d+\] ";

    private readonly string _kubeConfig = Path.GetTempFileName();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Program => Path.Combine(AppContext.BaseDirectory, "fleetops-operator");

    public void Dispose() => File.Delete(_kubeConfig);

    [Theory]
    [InlineData]
    [InlineData("--log-format", "json")]
    public async Task JSON_is_one_object_a_line_with_the_time(params string[] options)
    {
        using var line = JsonDocument.Parse(await FirstLineAsync(Program, [.. Arguments(), .. options]));

        Assert.True(line.RootElement.GetProperty("Timestamp").TryGetDateTime(out var time) && time.Kind == DateTimeKind.Utc);
        Assert.Equal("Information", line.RootElement.GetProperty("LogLevel").GetString());
        Assert.NotEmpty(line.RootElement.GetProperty("Message").GetString()!);
        Assert.NotEmpty(line.RootElement.GetProperty("Category").GetString()!);
    }

    [Fact]
    public async Task Text_is_one_line_for_people_with_the_time() =>
        Assert.Matches(TextLine, await FirstLineAsync(Program, [.. Arguments(), "--log-format", "Text"]));

    [Fact]
    public async Task On_a_terminal_it_is_text_and_in_a_cluster_JSON_all_the_same()
    {
        Assert.SkipUnless(File.Exists(Terminal), $"{Terminal} does not exist, so there is no terminal to start the program on; it comes with util-linux");
        string[] onTerminal = ["-qc", string.Join(' ', Arguments().Prepend(Program).Prepend("exec")), "/dev/null"];

        // What a terminal is told at first, and its colours, stand between.
        Assert.Matches(@"\d\d:\d\d:\d\d\.\d{3} .*info", await FirstLineAsync(Terminal, onTerminal));
        Assert.Contains("{\"Timestamp\":", await FirstLineAsync(Terminal, onTerminal, ("KUBERNETES_SERVICE_HOST", "127.0.0.1")), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_format_is_refused_with_the_cure()
    {
        var errors = OperatorCommand.Create((_, _) => Task.FromResult(0)).Parse(["--worker-image=worker:1", "--log-format=xml"]).Errors;

        Assert.Equal("--log-format is 'xml'; it must be Json or Text.", Assert.Single(errors).Message);
    }

    private static string[] Arguments() => ["--worker-image=worker:1", "--http-port=0", "--namespace=default"];

    private async Task<string> FirstLineAsync(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        await File.WriteAllTextAsync(
            _kubeConfig,
            """
            {"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:9"}}],
             "contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],"users":[{"name":"u","user":{"token":"t"}}]}
            """,
            Cancellation);
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["KUBECONFIG"] = _kubeConfig;
        start.Environment.Remove("KUBERNETES_SERVICE_HOST");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(Cancellation);
            return line ?? throw new InvalidOperationException($"The program wrote nothing: {await process.StandardError.ReadToEndAsync(Cancellation)}");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(Cancellation);
        }
    }
}
