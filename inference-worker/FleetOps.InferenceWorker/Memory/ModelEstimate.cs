using FleetOps.InferenceWorker.Serving;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>The memory that a model will take, from the headers of its files and before its weights are there.</summary>
internal static class ModelEstimate
{
    /// <summary>Computes it, in a fraction of a second and a few megabytes.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="head">Its checked headers.</param>
    /// <param name="options">How it is to be served.</param>
    /// <param name="folder">A writable folder for what llama.cpp has to read from a file.</param>
    /// <exception cref="State.WorkerFailedException">It cannot be served so.</exception>
    /// <exception cref="LlamaException">llama.cpp refuses it.</exception>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static MemoryNeed Of(LlamaRuntime runtime, ModelHead head, ServeOptions options, string folder)
    {
        using var sparse = SparseModel.Write(folder, head.Files);
        return Of(runtime, sparse.Path, head.Header, options);
    }

    /// <summary>The same for files that are there.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="path">The file, or the first of them.</param>
    /// <param name="header">Its checked header.</param>
    /// <param name="options">How it is to be served.</param>
    /// <exception cref="State.WorkerFailedException">It cannot be served so.</exception>
    /// <exception cref="LlamaException">llama.cpp refuses it.</exception>
    public static MemoryNeed Of(LlamaRuntime runtime, string path, GgufHeader header, ServeOptions options) => new(
        MemoryEstimate.Read(runtime, path, EngineShape.Model(options), model => EngineShape.Contexts(model, header, options)), HasGpus(runtime));

    /// <summary>The memory of a model that is loaded.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="served">The model.</param>
    public static MemoryNeed Measured(LlamaRuntime runtime, ServedModel served) => new(served.Memory, HasGpus(runtime));

    private static bool HasGpus(LlamaRuntime runtime) => runtime.ReadDevices().Any(static device => device.Kind == DeviceKind.Gpu);
}
