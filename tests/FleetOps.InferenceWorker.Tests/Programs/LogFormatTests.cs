using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Programs;

/// <summary>What the lines of the built program look like.</summary>
public sealed partial class LogFormatTests
{
    private const string Terminal = "/usr/bin/script";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task In_JSON_every_line_is_an_object_with_the_time_and_the_ids_of_its_request()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}");
        await AskAsync(worker);

        var lines = worker.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.All(lines, line =>
        {
            Assert.True(line.GetProperty("Timestamp").TryGetDateTime(out var time) && time.Kind == DateTimeKind.Utc);
            Assert.True(line.TryGetProperty("Category", out _) && line.TryGetProperty("LogLevel", out _) && line.TryGetProperty("Message", out _));
        });
        var end = lines.Single(line => line.GetProperty("EventId").GetInt32() == 1001);
        Assert.Equal(("asked-one", "stop"), (end.GetProperty("State").GetProperty("RequestId").GetString(), end.GetProperty("State").GetProperty("Outcome").GetString()));
        var scope = end.GetProperty("Scopes").EnumerateArray().Single(static scope => scope.TryGetProperty("RequestId", out _));
        Assert.Equal(("asked-one", "0af7651916cd43dd8448eb211c80319c"), (scope.GetProperty("RequestId").GetString(), scope.GetProperty("TraceId").GetString()));
    }

    [Fact]
    public async Task In_text_every_line_is_one_for_people_with_the_ids_of_its_request()
    {
        await using var worker = WorkerProcess.Start(WorkerProcess.ServeArguments($"file://{ModelFiles.Successor}", "--log-format", "Text"));
        await Until.HoldsAsync(() => Addresses().IsMatch(worker.Output), "it listens");
        worker.Reach(Addresses().Match(worker.Output).Groups["grpc"].Value, Addresses().Match(worker.Output).Groups["http"].Value);
        await AskAsync(worker);

        Assert.All(worker.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} [a-z]{4}: (FleetOps|Microsoft)\.", line));
        Assert.Matches(@"=> request asked-one, trace 0af7651916cd43dd8448eb211c80319c.* ended with stop", worker.Output);
    }

    [Fact]
    public async Task Where_nobody_says_which_a_collector_gets_JSON_and_a_terminal_text()
    {
        string[] arguments = [.. WorkerProcess.ServeArguments("file:///nowhere.gguf")];
        var format = Array.IndexOf(arguments, "--log-format");
        arguments = [.. arguments[..format], .. arguments[(format + 2)..]];
        await using var piped = await WorkerProcess.RunAsync(arguments);
        Assert.All(piped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => Assert.StartsWith("{", line, StringComparison.Ordinal));

        Assert.SkipUnless(File.Exists(Terminal), $"{Terminal} does not exist, so there is no terminal to start the program on; it comes with util-linux");
        Assert.Matches(@"\d\d:\d\d:\d\d\.\d{3} .*Failed \(SourceNotFound\)", await OnTerminalAsync(arguments, new()));
        Assert.Contains("\"Message\":\"Failed (SourceNotFound)", await OnTerminalAsync(arguments, new() { ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1" }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_tells_of_the_switch_for_prompts_and_what_it_gives_away()
    {
        await using var help = await WorkerProcess.RunAsync(["serve", "--help"]);
        Assert.Equal(0, help.ExitCode);
        Assert.Matches(@"--log-prompts <true\|false>[\s\S]*?secrets[\s\S]*?\[env:\s+FLEETOPS_LOG_PROMPTS\]", help.Output);
    }

    private static async Task AskAsync(WorkerProcess worker)
    {
        await worker.UntilServingAsync();
        var metadata = new Metadata { { RequestMetadata.RequestId, "asked-one" }, { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } };
        await Answer.ReadAsync(worker.Client.Generate(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, metadata, cancellationToken: Cancellation));
        worker.Terminate();
        Assert.Equal(0, await worker.ExitAsync());
    }

    private static async Task<string> OnTerminalAsync(IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Terminal) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.ArgumentList.Add("-qc");
        start.ArgumentList.Add(string.Join(' ', arguments.Prepend(WorkerProcess.Program).Select(static argument => $"'{argument}'")));
        start.ArgumentList.Add("/dev/null");
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return output;
    }

    [GeneratedRegex(@"gRPC on (?<grpc>\S+), HTTP on (?<http>\S+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Addresses();
}
