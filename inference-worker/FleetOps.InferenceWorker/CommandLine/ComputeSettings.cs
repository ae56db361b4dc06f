using System.CommandLine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options that say what computes and in which shape.</summary>
internal sealed class ComputeSettings
{
    private const int MaxThreads = 512;
    private const int MaxContextLength = 16 * 1024 * 1024;

    private readonly Option<BackendRequest> _backend = Setting.Choice("--backend", "What computes", () => BackendRequest.Auto);

    private readonly Option<int?> _contextLength = Setting.OptionalNumber("--context-length", $"Tokens of one request, prompt and answer together [default: {ServeOptions.DefaultContextLength}, or less if the model was trained for less]", 16, MaxContextLength);

    private readonly Option<int> _maxSequences = Setting.Number("--max-sequences", "Requests computed at once", 1, ContextParameters.SequenceLimit, () => 8);

    private readonly Option<KvCacheType> _kvCacheType = Setting.Choice("--kv-cache-type", "Type of the KV cache", () => KvCacheType.F16);

    private readonly Option<FlashAttention> _flashAttention = Setting.Choice("--flash-attention", "Whether flash attention is used", () => FlashAttention.Auto);

    private readonly Option<int> _gpuLayers = Setting.Number("--gpu-layers", "Layers on the GPU; -1 is all", -1, int.MaxValue, () => -1);

    private readonly Option<PoolingType?> _pooling = Setting.OptionalChoice<PoolingType>("--pooling", "How embeddings are pooled; given for a model that generates, it embeds too [default: what the model's file says]");

    private readonly Option<int?> _threads = Setting.OptionalNumber("--threads", "CPU threads that compute [default: whole CPUs of the container's quota, fewer for a small model]", 1, MaxThreads);

    private readonly Option<AdapterSource[]> _adapters = Setting.Many("--lora", "NAME=PATH", "LoRA adapter that requests can choose by name", "NAME=PATH", AdapterSource.Parse);

    private readonly Option<string?> _adapterDirectory = Setting.Text("--lora-dir", "DIR", "Folder from which adapters may be loaded while the worker runs [default: none]");

    public void AddTo(Command command)
    {
        Option[] options = [_backend, _contextLength, _maxSequences, _kvCacheType, _flashAttention, _gpuLayers, _pooling, _threads, _adapters, _adapterDirectory];
        foreach (var option in options)
        {
            command.Add(option);
        }
    }

    public ServeOptions Apply(ServeOptions options, ParseResult result) => options with
    {
        Backend = result.GetValue(_backend),
        ContextLength = result.GetValue(_contextLength),
        MaxSequences = result.GetValue(_maxSequences),
        KvCacheType = result.GetValue(_kvCacheType),
        FlashAttention = result.GetValue(_flashAttention),
        GpuLayers = result.GetValue(_gpuLayers),
        Pooling = result.GetValue(_pooling),
        Threads = result.GetValue(_threads),
        Adapters = result.GetValue(_adapters) ?? [],
        AdapterDirectory = result.GetValue(_adapterDirectory) is { } directory ? Path.GetFullPath(directory) : null,
    };
}
