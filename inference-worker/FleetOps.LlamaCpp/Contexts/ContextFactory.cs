using System.Runtime.InteropServices;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Contexts;

/// <summary>Makes the native context and says why when llama.cpp will not.</summary>
internal static unsafe class ContextFactory
{
    public static ContextHandle Create(LlamaModel model, ContextParameters parameters)
    {
        var flag = (int*)NativeMemory.AllocZeroed(sizeof(int));
        try
        {
            var log = new List<(LlamaLogLevel, string)>();
            var error = "";
            nint pointer;
            lock (model.Handle.AdapterGate)
            {
                pointer = LlamaLog.Capture(log, () => Create(model.Handle.Pointer, Native(parameters, flag), out error));
            }

            if (pointer == 0)
            {
                throw Refused(parameters, error.Length > 0 ? $"{error}; {LlamaLog.Summary(log)}" : LlamaLog.Summary(log));
            }

            var handle = new ContextHandle(pointer, model.Handle, flag);
            flag = null;
            return handle;
        }
        finally
        {
            NativeMemory.Free(flag);
        }
    }

    private static LlamaContextParams Native(ContextParameters parameters, int* flag)
    {
        var native = LlamaNative.llama_context_default_params();
        native.NCtx = (uint)(parameters.CacheTokens ?? (parameters.ContextLength * parameters.MaxSequences));
        native.NSeqMax = (uint)parameters.MaxSequences;
        native.NBatch = (uint)parameters.BatchSize;
        native.NUbatch = (uint)parameters.MicroBatchSize;
        native.NThreads = parameters.Threads;
        native.NThreadsBatch = parameters.BatchThreads ?? parameters.Threads;
        native.TypeK = (int)parameters.KvCacheType;
        native.TypeV = (int)(parameters.ValueCacheType ?? parameters.KvCacheType);
        native.RopeScalingType = (int?)parameters.Rope?.Scaling ?? native.RopeScalingType;
        native.RopeFreqScale = parameters.Rope?.Factor is { } factor ? 1 / factor : native.RopeFreqScale;
        native.RopeFreqBase = parameters.Rope?.FrequencyBase ?? native.RopeFreqBase;
        native.YarnOrigCtx = (uint?)parameters.Rope?.OriginalContextLength ?? native.YarnOrigCtx;
        native.FlashAttnType = (int)parameters.FlashAttention;
        native.KvUnified = parameters.UnifiedCache ? (byte)1 : (byte)0;
        native.Embeddings = parameters.Embeddings ? (byte)1 : (byte)0;
        native.PoolingType = parameters.Pooling is { } pooling ? (int)pooling : native.PoolingType;
        native.AbortCallback = NativeLibraries.AbortCallback;
        native.AbortCallbackData = flag;
        return native;
    }

    private static nint Create(nint model, LlamaContextParams parameters, out string error)
    {
        var message = stackalloc byte[ShimText.ErrorSize];
        message[0] = 0;
        var pointer = ShimNative.fleetops_context_new(model, &parameters, message, ShimText.ErrorSize);
        error = ShimText.Error(message);
        return pointer;
    }

    private static LlamaException Refused(ContextParameters parameters, string words)
    {
        var shape = $"{parameters.MaxSequences} sequences of {parameters.ContextLength} tokens with a cache of {parameters.KvCacheType}";
        var onGpu = words.Contains("CUDA", StringComparison.Ordinal);
        return words.Contains("allocate", StringComparison.OrdinalIgnoreCase) || words.Contains("bad_alloc", StringComparison.Ordinal)
            ? new LlamaException(onGpu ? LlamaFault.OutOfGpuMemory : LlamaFault.OutOfMemory,
                $"There is too little {(onGpu ? "GPU " : "")}memory for {shape}: {words}. Lower the context length or the number of sequences, or quantize the cache.")
            : new LlamaException(LlamaFault.ContextRejected, $"llama.cpp refuses a context for {shape}: {words}.");
    }
}
