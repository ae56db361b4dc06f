using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp;
using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// Stands before a download: tells what memory the model will take, and refuses a model that cannot fit. What cannot be estimated is let through, because the
/// load will tell.
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
        MemoryNeed need;
        try
        {
            var head = await ahead.ReadAsync(cancellationToken);
            need = await Task.Run(() => ModelEstimate.Of(runtime, head, options, options.Fetching.ModelDirectory), cancellationToken);
        }
        catch (Exception fault) when (fault is ModelSourceException or LlamaException or WorkerFailedException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            LogUnknown(logger, fault.Message);
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
            throw new WorkerFailedException(refusal.Reason, $"{refusal.Message} Nothing was downloaded; --fit-check Warn (spec.engine.fitCheck) downloads and tries it all the same.");
        }

        LogTooLarge(logger, refusal.Message);
    }

    [LoggerMessage(1211, LogLevel.Information, "The model will take {TotalBytes} bytes of memory: weights {WeightsBytes}, KV cache {KvCacheBytes}, compute buffers {ComputeBytes}; {GpuBytes} of it on GPUs")]
    private static partial void LogEstimate(ILogger logger, long totalBytes, long weightsBytes, long kvCacheBytes, long computeBytes, long gpuBytes);

    [LoggerMessage(1212, LogLevel.Information, "The memory of the model is not known before it is loaded: {Message}")]
    private static partial void LogUnknown(ILogger logger, string message);

    [LoggerMessage(1213, LogLevel.Warning, "The model may not fit: {Message}")]
    private static partial void LogTooLarge(ILogger logger, string message);
}
