using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Models;

/// <summary>
/// A LoRA adapter: small matrices that change what a model computes, where a context applies them
/// (<see cref="Contexts.LlamaContext.SetAdapter"/>). It keeps its model alive, and a context that applies it keeps it
/// alive. It does not change, so several contexts may apply it; loading and disposing are safe from any thread, also
/// while contexts of the model decode.
/// <para>
/// llama.cpp compares names and shapes of the matrices with the model's and refuses what does not fit. It trusts the types
/// of the metadata, so a file that was tampered with can end the process: look at its header first.
/// </para>
/// </summary>
public sealed class LlamaAdapter : IDisposable
{
    private LlamaAdapter(AdapterHandle handle, ModelHandle model, string path)
    {
        Handle = handle;
        Model = model;
        Path = path;
    }

    /// <summary>The file that it was loaded from.</summary>
    public string Path { get; }

    internal AdapterHandle Handle { get; }

    internal ModelHandle Model { get; }

    /// <summary>Loads an adapter, on the calling thread. A context of the model that changes its adapter meanwhile waits.</summary>
    /// <param name="model">The model that it was trained for.</param>
    /// <param name="path">A GGUF file.</param>
    /// <exception cref="LlamaException">The file cannot be read (<see cref="LlamaFault.ModelUnreadable"/>), or is no adapter for this model (<see cref="LlamaFault.AdapterRejected"/>).</exception>
    public static LlamaAdapter Load(LlamaModel model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        LlamaModel.CheckReadable(path, "adapter");
        var log = new List<(LlamaLogLevel, string)>();
        nint pointer;
        lock (model.Handle.AdapterGate)
        {
            pointer = LlamaLog.Capture(log, () => LlamaNative.llama_adapter_lora_init(model.Handle.Pointer, path));
        }

        return pointer == 0
            ? throw new LlamaException(LlamaFault.AdapterRejected, $"The adapter '{path}' cannot be loaded: {LlamaLog.Summary(log)}. Use a LoRA adapter that was trained for this model and converted to GGUF.")
            : new LlamaAdapter(new AdapterHandle(pointer, model.Handle), model.Handle, path);
    }

    /// <inheritdoc />
    public void Dispose() => Handle.Dispose();
}
