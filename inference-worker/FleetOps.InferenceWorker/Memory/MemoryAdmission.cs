using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// Stands before a download, or before the load of a model that is there: tells what memory the model will take, and refuses a model that cannot fit. What
/// llama.cpp cannot estimate is told by a formula and let through, because the load will tell.
/// </summary>
/// <param name="runtime">The loaded llama.cpp.</param>
/// <param name="options">How the model is to be served.</param>
/// <param name="state">Is told what memory it takes.</param>
/// <param name="logger">Is told what follows from it.</param>
internal sealed partial class MemoryAdmission(LlamaRuntime runtime, ServeOptions options, WorkerState state, ILogger logger)
{
    /// <summary>Looks at a model that is about to be downloaded.</summary>
    /// <exception cref="WorkerFailedException">It needs more memory than there is.</exception>
    public async Task CheckAsync(ModelAhead ahead, CancellationToken cancellationToken)
    {
        ModelHead head;
        try
        {
            head = await ahead.ReadAsync(cancellationToken);
        }
        catch (ModelSourceException fault)
        {
            LogUnknown(logger, fault.Message);
            return;
        }

        await CheckAsync(head.Header, () => ModelEstimate.Of(runtime, head, options, options.Fetching.ModelDirectory), "Nothing was downloaded; --fit-check Warn (spec.engine.fitCheck) downloads", cancellationToken);
    }

    /// <summary>Looks at a model that is there, before it is loaded.</summary>
    /// <exception cref="WorkerFailedException">It needs more memory than there is.</exception>
    public Task CheckAsync(VerifiedModel file, CancellationToken cancellationToken) => CheckAsync(
        file.Header, () => ModelEstimate.Of(runtime, file.Path, file.Header, options), "It was not loaded; --fit-check Warn (spec.engine.fitCheck) loads", cancellationToken);

    private async Task CheckAsync(GgufHeader header, Func<MemoryNeed> estimate, string consequence, CancellationToken cancellationToken)
    {
        MemoryNeed need;
        try
        {
            need = await Task.Run(estimate, cancellationToken);
        }
        catch (Exception fault) when (fault is LlamaException or WorkerFailedException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            LogUnknown(logger, fault.Message);
            ShowFormula(header);
            return;
        }

        var memory = need.Describe(measured: false);
        state.Memory = memory;
        LogEstimate(logger, memory.TotalBytes, memory.WeightsBytes, memory.KvCacheBytes, memory.ComputeBytes, memory.GpuBytes);
        if (MemoryFit.Fault(need, MemoryOffer.Read(runtime, options.MemoryLimit), options.LoadMode) is not { } refusal)
        {
            return;
        }

        if (options.FitCheck == FitCheck.Refuse)
        {
            throw new WorkerFailedException(refusal.Reason, $"{refusal.Message} {consequence} and tries it all the same.");
        }

        LogTooLarge(logger, refusal.Message);
    }

    // A formula knows too little to refuse a model by it.
    private void ShowFormula(GgufHeader header)
    {
        if (MemoryFormula.Of(header, options, [.. runtime.ReadDevices().Where(static device => device.Kind == DeviceKind.Gpu).Select(static device => device.Name)]) is not { } need)
        {
            return;
        }

        var memory = need.Describe(measured: false);
        state.Memory = memory;
        LogFormula(logger, memory.TotalBytes, memory.WeightsBytes, memory.KvCacheBytes, memory.ComputeBytes);
    }

    [LoggerMessage(1211, LogLevel.Information, "The model will take {TotalBytes} bytes of memory: weights {WeightsBytes}, KV cache {KvCacheBytes}, compute buffers {ComputeBytes}; {GpuBytes} of it on GPUs")]
    private static partial void LogEstimate(ILogger logger, long totalBytes, long weightsBytes, long kvCacheBytes, long computeBytes, long gpuBytes);

    [LoggerMessage(1212, LogLevel.Information, "The memory of the model is not known before it is loaded: {Message}")]
    private static partial void LogUnknown(ILogger logger, string message);

    [LoggerMessage(1214, LogLevel.Information, "By its header alone the model will take about {TotalBytes} bytes of memory: weights {WeightsBytes}, KV cache {KvCacheBytes}, compute buffers {ComputeBytes}")]
    private static partial void LogFormula(ILogger logger, long totalBytes, long weightsBytes, long kvCacheBytes, long computeBytes);

    [LoggerMessage(1213, LogLevel.Warning, "The model may not fit: {Message}")]
    private static partial void LogTooLarge(ILogger logger, string message);
}
