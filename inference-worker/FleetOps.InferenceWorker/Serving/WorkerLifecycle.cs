using System.Diagnostics.CodeAnalysis;
using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Sources;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Takes the worker from its start to its end: fetch, verify, load, warm, serve, drain.</summary>
internal sealed partial class WorkerLifecycle : IAsyncDisposable
{
    private readonly ServeOptions _options;
    private readonly WorkerState _state;
    private readonly ModelRegistry _models;
    private readonly OpenConnections _connections;
    private readonly InferenceMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<WorkerLifecycle> _logger;
    private readonly ILogger _llamaLogger;
    private readonly CancellationTokenSource _drain = new();
    private Task<LlamaRuntime>? _runtime;

    // Held until the end, so that nobody who cleans the model directory removes what this worker would need when it starts again.
    private IDisposable? _use;

    public WorkerLifecycle(ServeOptions options, WorkerState state, ModelRegistry models, OpenConnections connections, InferenceMetrics metrics, TimeProvider clock, ILoggerFactory loggers)
    {
        _options = options;
        _state = state;
        _models = models;
        _connections = connections;
        _metrics = metrics;
        _clock = clock;
        _logger = loggers.CreateLogger<WorkerLifecycle>();
        _llamaLogger = loggers.CreateLogger("FleetOps.InferenceWorker.LlamaCpp");
        _state.Follow(phase => LogPhase(_logger, phase));
        AppDomain.CurrentDomain.UnhandledException += OnUnhandled;
    }

    /// <summary>
    /// Begins to load llama.cpp, which takes no longer when the server starts meanwhile. Its faults are those of <see cref="RunAsync"/>, which begins it
    /// otherwise. For the thread that starts the worker.
    /// </summary>
    [MemberNotNull(nameof(_runtime))]
    public void BeginRuntime() => _runtime ??= Task.Run(LoadRuntime);

    /// <summary>Runs to the end and returns the exit code. Never throws.</summary>
    /// <param name="stop">Asks for the end, as SIGTERM does: what is running is drained first.</param>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _drain.Token);
        stop = either.Token;
        try
        {
            var served = await PrepareAsync(stop);
            var failed = await ServeAsync(served, stop);
            if (failed is not null)
            {
                throw new WorkerFailedException(FailureReason.EngineFailed, $"The engine failed: {failed.Message}", failed);
            }

            _state.Enter(WorkerPhase.Stopped);
            return ExitCodes.Success;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _state.Enter(WorkerPhase.Stopped);
            return ExitCodes.Success;
        }
        catch (WorkerFailedException failure)
        {
            return Fail(failure.Reason, failure.Message, failure.InnerException);
        }
        catch (OutOfMemoryException exhausted)
        {
            return Fail(FailureReason.OutOfMemory, $"There is too little memory: {exhausted.Message} Raise the memory limit.", exhausted);
        }
        catch (Exception unexpected)
        {
            return Fail(FailureReason.EngineFailed, $"Unexpected: {unexpected.Message}", unexpected);
        }
    }

    /// <summary>Asks for the end from inside, as SIGTERM does from outside. Safe from any thread, any number of times.</summary>
    public void BeginDrain() => _drain.Cancel();

    /// <summary>Ends what is still running and frees the model. For after the server has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        _drain.Dispose();
        AppDomain.CurrentDomain.UnhandledException -= OnUnhandled;
        if (_runtime is { } runtime)
        {
            // A server that could not start must not end the process while libraries are coming in.
            await Task.WhenAny(runtime);
        }

        if (_models.Loaded is { } served)
        {
            // Joins the engines' threads, which may be inside a batch.
            await Task.Run(served.Dispose);
        }

        _use?.Dispose();
    }

    private async Task<ServedModel> PrepareAsync(CancellationToken stop)
    {
        BeginRuntime();
        if (_options.Model.Source is not (FileModelSource or ClaimModelSource))
        {
            // So that a missing GPU is known before gigabytes are fetched.
            await _runtime;
        }

        var fetch = FetchAsync(stop);
        var runtime = await _runtime;
        var file = await fetch;
        _use = file.Use;
        var digest = DigestAsync(file);
        _state.Enter(WorkerPhase.Verifying);
        ModelLoading.Check(_options, file.Header);
        if (_options.FitCheck != FitCheck.Off && _state.Memory is null)
        {
            await new MemoryAdmission(runtime, _options, _state, _logger).CheckAsync(file, stop);
        }

        _state.Enter(WorkerPhase.Loading);
        var timer = new StartupTimer(_state, _clock);
        var served = await Task.Run(() => ModelLoading.Load(runtime, file, _options, _metrics.BatchComputed, timer, _clock, stop), stop);
        _models.Loaded = served;
        _state.Memory = ModelEstimate.Measured(runtime, served).Describe(measured: true);
        ArmCrashLog(runtime);
        _state.Model = new ModelDescription(
            served.Model.Architecture,
            _options.ModelName ?? (served.Model.Name.Length > 0 ? served.Model.Name : _options.Model.Source.FileName),
            served.Model.ParameterCount,
            file.Header.Quantization ?? served.Model.Quantization,
            served.ContextLength,
            file.SizeBytes,
            file.Sha256,
            file.License ?? "",
            file.Revision ?? "",
            file.DigestOrigin.ToString());

        _metrics.Prepare(_state.Model.Name, served.Capabilities);
        LogLoaded(_logger, _state.Model.Name, served.Generation?.Settings.MaxSequences ?? served.Embedding!.Settings.MaxSequences, served.ContextLength, served.Threads);
        _state.Enter(WorkerPhase.Warming);
        timer.Restart();
        await ModelLoading.WarmAsync(served, stop);
        timer.Ended(StartupStep.WarmUp);
        stop.ThrowIfCancellationRequested();
        _state.Model = _state.Model with { Sha256 = await digest };
        _state.Enter(WorkerPhase.Serving);
        return served;
    }

    /// <summary>The digest of the file. It may take longer than the load, and a worker serves only what it can name.</summary>
    private async Task<string> DigestAsync(VerifiedModel file)
    {
        if (file.PendingDigest is not { } pending)
        {
            return file.Sha256;
        }

        var started = _clock.GetTimestamp();
        try
        {
            var digest = await pending;
            _state.StepTook(StartupStep.Digest, _clock.GetElapsedTime(started));
            return digest;
        }
        catch (ModelSourceException fault)
        {
            throw new WorkerFailedException(ModelFetching.ReasonOf(fault.Reason), fault.Message, fault);
        }
    }

    private LlamaRuntime LoadRuntime()
    {
        var started = _clock.GetTimestamp();
        try
        {
            var runtime = LlamaRuntime.Load(_options.NativeDirectory, _options.Backend, OnLlamaLog, OnLlamaAbort);
            var backend = runtime.Backend;
            _state.EngineVersion = runtime.Release;
            _state.Backend = new BackendDescription(
                backend.Requested.ToString(),
                backend.Selected.ToString(),
                backend.Why,
                [.. runtime.ReadDevices().Select(device => DeviceDescription.Of(device, backend.CudaDriverVersion))]);
            LogBackend(_logger, backend.Selected.ToString(), backend.Why, runtime.Release);
            ArmCrashLog(runtime);
            _state.StepTook(StartupStep.Runtime, _clock.GetElapsedTime(started));
            return runtime;
        }
        catch (LlamaException fault)
        {
            throw new WorkerFailedException(ModelLoading.ReasonOf(fault.Fault), fault.Message, fault);
        }
    }

    private Task<VerifiedModel> FetchAsync(CancellationToken stop) => ModelFetching.FetchAsync(
        _options.Fetching with { TimeProvider = _clock },
        _options.Model with { DigestMayFollow = true, BeforeDownload = _options.FitCheck == FitCheck.Off ? null : AdmitAsync },
        new FetchStateReporter(_state, _logger),
        stop);

    private async Task AdmitAsync(ModelAhead ahead, CancellationToken stop) =>
        await new MemoryAdmission(await _runtime!, _options, _state, _logger).CheckAsync(ahead, stop);

    /// <summary>Serves until asked to stop, then drains. Returns the fault if the engine failed.</summary>
    private async Task<Exception?> ServeAsync(ServedModel served, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(() => stopped.TrySetResult());
        if (await Task.WhenAny(stopped.Task, served.Failed) == served.Failed)
        {
            return await served.Failed;
        }

        // Readiness goes off at once; endpoints take a moment to follow, and until then calls still come in.
        _state.Enter(WorkerPhase.Draining);
        _connections.AskToClose();
        await Task.WhenAny(Task.Delay(_options.DrainDelay, _clock, CancellationToken.None), served.Failed);
        // Once more, for those who came back here because the endpoints had not followed yet.
        _connections.AskToClose();
        var running = served.Running + served.Waiting;
        var drained = served.DrainAsync();
        await Task.WhenAny(drained, Task.Delay(_options.DrainTimeout, _clock, CancellationToken.None), served.Failed);
        if (served.Failed.IsCompleted)
        {
            return await served.Failed;
        }

        LogDrained(_logger, running, served.Running + served.Waiting);
        await Task.Run(served.Stop, CancellationToken.None);
        return null;
    }

    private int Fail(FailureReason reason, string message, Exception? cause)
    {
        // Only a fault inside the program needs a stack trace; the others name their cause and cure.
        LogFailed(_logger, reason == FailureReason.EngineFailed ? cause : null, reason, message);
        TerminationLog.TryWrite(_options.TerminationLog, reason, message);
        _state.Enter(WorkerPhase.Failed, reason.ToString(), message);
        return ExitCodes.Of(reason);
    }

    private void OnLlamaAbort(string message)
    {
        var loading = _state.Phase < WorkerPhase.Serving;
        TerminationLog.TryWrite(
            _options.TerminationLog,
            loading ? FailureReason.LoadFailed : FailureReason.EngineFailed,
            loading ? $"llama.cpp ended the process while it loaded the model: {message} The file is damaged, or it is of a kind that this release cannot compute." : $"llama.cpp ended the process: {message}");
        // The signal that follows knows less.
        CrashLog.Disarm();
    }

    private void OnUnhandled(object sender, UnhandledExceptionEventArgs failure)
    {
        TerminationLog.TryWrite(_options.TerminationLog, FailureReason.EngineFailed, $"Unexpected: {(failure.ExceptionObject as Exception)?.Message}");
        CrashLog.Disarm();
    }

    // A crash inside native code leaves its reason too; again after CUDA's and other libraries have come in.
    private void ArmCrashLog(LlamaRuntime runtime)
    {
        if (_options.TerminationLog is { Length: > 0 } path)
        {
            var (before, after) = TerminationLog.Frame(FailureReason.EngineFailed, "Native code ended the process with ");
            CrashLog.Arm(runtime, path, before, after);
        }
    }

    private void OnLlamaLog(LlamaLogLevel level, string line)
    {
        var severity = level switch
        {
            LlamaLogLevel.Error => LogLevel.Error,
            LlamaLogLevel.Warning => LogLevel.Warning,
            _ => LogLevel.Debug,
        };
        if (_llamaLogger.IsEnabled(severity))
        {
            LogLlama(_llamaLogger, severity, line);
        }
    }

    [LoggerMessage(1201, LogLevel.Information, "Phase {Phase}")]
    private static partial void LogPhase(ILogger logger, WorkerPhase phase);

    [LoggerMessage(1202, LogLevel.Information, "Backend {Selected}: {Why} (llama.cpp {Release})")]
    private static partial void LogBackend(ILogger logger, string selected, string why, string release);

    [LoggerMessage(1206, LogLevel.Information, "Loaded {Model}: {MaxSequences} sequences of {ContextLength} tokens, {Threads} CPU threads")]
    private static partial void LogLoaded(ILogger logger, string model, int maxSequences, int contextLength, int threads);

    [LoggerMessage(1203, LogLevel.Information, "Drained: {Running} requests were open when new ones were refused, {Left} are cut off")]
    private static partial void LogDrained(ILogger logger, int running, int left);

    [LoggerMessage(1204, LogLevel.Critical, "Failed ({Reason}): {Message}")]
    private static partial void LogFailed(ILogger logger, Exception? cause, FailureReason reason, string message);

    [LoggerMessage(EventId = 1205, Message = "{Line}")]
    private static partial void LogLlama(ILogger logger, LogLevel level, string line);
}
