using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using FleetOps.TestModels;
using Grpc.Net.Client;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>The built program as a child process, as the kubelet would start it.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<(string Grpc, string Http)> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WorkerProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, int? dataLimitKibibytes = null)
    {
        var start = new ProcessStartInfo(dataLimitKibibytes is null ? Program : "/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] limited = dataLimitKibibytes is { } limit ? ["-c", $"ulimit -d {limit} && exec \"$0\" \"$@\"", Program] : [];
        foreach (var argument in limited.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The built program; the published one can be tested in its place.</summary>
    public static string Program => Environment.GetEnvironmentVariable("FLEETOPS_WORKER") ?? Path.Combine(AppContext.BaseDirectory, "fleetops-worker");

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors).Trim();

    /// <summary>Starts a command and leaves it running.</summary>
    public static WorkerProcess Start(IEnumerable<string> arguments) => new(arguments, environment: null);

    /// <summary>Runs a command to its end and returns it.</summary>
    public static async Task<WorkerProcess> RunAsync(IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null, int? dataLimitKibibytes = null)
    {
        var process = new WorkerProcess(arguments, environment, dataLimitKibibytes);
        await process._process.StandardInput.WriteAsync(input ?? "");
        process._process.StandardInput.Close();
        await process.ExitAsync();
        return process;
    }

    /// <summary>Starts <c>serve</c> on ports of its own and waits until it listens.</summary>
    public static async Task<WorkerProcess> ServeAsync(string source, params string[] more)
    {
        var process = new WorkerProcess(ServeArguments(source, more), environment: null);
        await Task.WhenAny(process._listening.Task, process.ExitAsync());
        Assert.True(process._listening.Task.IsCompletedSuccessfully, process.Output + process.Errors);
        var (grpc, http) = await process._listening.Task;
        process.Reach(grpc, http);
        return process;
    }

    /// <summary>Tells where it listens, for one that was only started.</summary>
    public void Reach(string grpc, string http)
    {
        Address = new Uri(grpc);
        Channel = GrpcChannel.ForAddress(grpc);
        Http = new HttpClient { BaseAddress = new Uri(http) };
    }

    /// <summary>Arguments of <c>serve</c> for tests; <paramref name="more"/> are names and values that come on top or instead.</summary>
    public static IEnumerable<string> ServeArguments(string source, params string[] more)
    {
        var libraries = NativeTools.Libraries(out var reason);
        Assert.SkipWhen(libraries is null, reason);
        var options = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["--source"] = source,
            ["--native"] = libraries!,
            ["--backend"] = "Cpu",
            ["--threads"] = "1",
            ["--grpc-port"] = "0",
            ["--http-port"] = "0",
            ["--bind"] = "127.0.0.1",
            ["--context-length"] = "512",
            ["--log-format"] = "Json",
            ["--drain-delay-seconds"] = "0",
        };
        foreach (var pair in more.Chunk(2))
        {
            options[pair[0]] = pair[1];
        }

        return ["serve", .. options.SelectMany(option => new[] { option.Key, option.Value })];
    }

    /// <summary>Where gRPC listens.</summary>
    public Uri Address { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Inference.V1.Inference.InferenceClient Client => new(Channel);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What the process holds of the machine's memory.</summary>
    public async Task<long> ResidentBytesAsync()
    {
        var line = (await File.ReadAllLinesAsync($"/proc/{Id}/status", TestContext.Current.CancellationToken)).Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], System.Globalization.CultureInfo.InvariantCulture) * 1024;
    }

    public async Task<string> PhaseAsync() =>
        JsonDocument.Parse(await Http.GetStringAsync("/state", TestContext.Current.CancellationToken)).RootElement.GetProperty("phase").GetString()!;

    public Task UntilServingAsync() => Until.HoldsAsync(async () => await PhaseAsync() == "Serving", "the worker serves");

    public void Terminate() => Signal(SigTerm);

    /// <summary>Sends a signal to the program.</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public int ExitCode => _process.ExitCode;

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        Http?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void OnOutput(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (line.StartsWith('{') && line.Contains("\"EventId\":1301", StringComparison.Ordinal))
        {
            var state = JsonDocument.Parse(line).RootElement.GetProperty("State");
            _listening.TrySetResult((state.GetProperty("GrpcAddress").GetString()!, state.GetProperty("HttpAddress").GetString()!));
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
