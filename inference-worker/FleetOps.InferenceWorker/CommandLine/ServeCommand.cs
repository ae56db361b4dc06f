using System.CommandLine;
using System.Net;
using System.Runtime.InteropServices;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary><c>serve</c>: fetches, verifies, loads and serves one model until SIGTERM.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Serve one model over gRPC: fetch, verify, load, serve.");
        var source = new SourceSettings();
        source.AddTo(command);
        var security = new SecuritySettings();
        security.AddTo(command);
        var compute = new ComputeSettings();
        compute.AddTo(command);
        var limits = new LimitSettings();
        limits.AddTo(command);
        var collector = new CollectorSettings();
        collector.AddTo(command);
        var modelName = Setting.Text("--model-name", "NAME", "Name under which the model is served [default: the name in its file]");
        var chatTemplate = Setting.Text("--chat-template", "FILE", "Jinja template for conversations [default: the one in the model's file]");
        var grpcPort = Setting.Number("--grpc-port", "Port of gRPC; 0 takes a free one", 0, ushort.MaxValue, () => 9090);
        var httpPort = Setting.Number("--http-port", "Port of probes, state and metrics; 0 takes a free one", 0, ushort.MaxValue, () => 8080);
        var bind = Setting.Create<IPAddress?>("--bind", "ADDRESS", "Address to listen on [default: any]", "an IP address", text => IPAddress.TryParse(text, out var address) ? address : null, () => null);
        var drainDelay = Setting.Number("--drain-delay-seconds", "How long new calls are still served after SIGTERM", 0, 3600, () => 3);
        var drainTimeout = Setting.Number("--drain-timeout-seconds", "How long running calls may take after that", 0, 86400, () => 50);
        var native = Setting.Native();
        var logFormat = Setting.Choice(
            "--log-format", "What log lines look like [default: Json in a cluster and when stdout is no terminal]", () => IsForCollectors ? LogFormat.Json : LogFormat.Text);
        var logPrompts = Setting.Create(
            "--log-prompts",
            "true|false",
            $"Whether the log line of each request tells its prompt and answer, {LoggedText.MaxLength} characters of each at most; they may hold secrets and what is personal",
            "true or false",
            static text => bool.TryParse(text, out var value) ? value : throw new FormatException(),
            static () => false);
        Option[] options = [modelName, chatTemplate, grpcPort, httpPort, bind, drainDelay, drainTimeout, native, logFormat, logPrompts];
        foreach (var option in options)
        {
            command.Add(option);
        }

        command.SetAction((result, _) => CommandFailure.HandleAsync(result.GetValue(source.TerminationLog), () =>
        {
            return RunAsync(limits.Apply(compute.Apply(new ServeOptions
            {
                Model = source.Request(result),
                Fetching = source.FetcherOptions(result),
                ModelName = result.GetValue(modelName),
                ChatTemplate = result.GetValue(chatTemplate) is { } file ? Setting.ReadFile(chatTemplate, file) : null,
                GrpcPort = result.GetValue(grpcPort),
                HttpPort = result.GetValue(httpPort),
                Bind = result.GetValue(bind),
                Security = security.Read(result),
                Collector = collector.Read(result),
                DrainDelay = TimeSpan.FromSeconds(result.GetValue(drainDelay)),
                DrainTimeout = TimeSpan.FromSeconds(result.GetValue(drainTimeout)),
                NativeDirectory = result.GetValue(native)!,
                TerminationLog = result.GetValue(source.TerminationLog),
                JsonLog = result.GetValue(logFormat) == LogFormat.Json,
                LogPrompts = result.GetValue(logPrompts),
            }, result), result));
        }));
        return command;
    }

    // Pods may be given a terminal, and their logs are collected all the same.
    private static bool IsForCollectors => Console.IsOutputRedirected || Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 };

    private static async Task<int> RunAsync(ServeOptions options)
    {
        await using var app = WorkerHost.Build(options, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        // The host's own handling would stop the server at once, without a drain.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        var lifecycle = app.Services.GetRequiredService<WorkerLifecycle>();
        lifecycle.BeginRuntime();
        try
        {
            await app.StartAsync();
        }
        catch (IOException exception)
        {
            throw new WorkerFailedException(
                FailureReason.InvalidConfiguration,
                $"The ports {options.GrpcPort} and {options.HttpPort} cannot be listened on: {exception.Message} Free them, or choose others with --grpc-port and --http-port.",
                exception);
        }

        Listening.Log(app);
        var code = await lifecycle.RunAsync(stop.Token);
        await app.StopAsync(CancellationToken.None);
        return code;

        void Stop(PosixSignalContext signal)
        {
            // A second Ctrl+C ends the program at once, as people expect.
            signal.Cancel = signal.Signal == PosixSignal.SIGTERM || !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }
}
