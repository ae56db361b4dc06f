using System.CommandLine;
using System.Globalization;
using FleetOps.InferenceWorker.Memory;
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
    private const int MaxBatchTokens = 65_536;
    private const int MaxDraftTokens = 16;

    private readonly Option<BackendRequest> _backend = Setting.Choice("--backend", "What computes", () => BackendRequest.Auto);

    private readonly Option<int?> _contextLength = Setting.OptionalNumber("--context-length", $"Tokens of one request, prompt and answer together [default: {ServeOptions.DefaultContextLength}, or less if the model was trained for less]", 16, MaxContextLength);

    private readonly Option<int> _maxSequences = Setting.Number("--max-sequences", "Requests computed at once", 1, ContextParameters.SequenceLimit, () => 8);

    private readonly Option<int> _batchTokens = Setting.Number("--batch-tokens", "Tokens of one batch; more is faster for prompts and makes running streams wait longer", 1, MaxBatchTokens, () => 512);

    private readonly Option<int> _draftTokens = Setting.Number("--draft-tokens", "Tokens guessed for each stream from what its text repeats; faster where it repeats much, else slower", 0, MaxDraftTokens, () => 0);

    private readonly Option<int?> _microBatchTokens = Setting.OptionalNumber("--micro-batch-tokens", "Tokens computed at once; less takes less memory [default: those of a batch]", 1, MaxBatchTokens);

    private readonly Option<KvCacheType> _kvCacheType = Setting.Choice("--kv-cache-type", "Type of the KV cache", () => KvCacheType.F16);

    private readonly Option<KvCacheType?> _valueCacheType = Setting.OptionalChoice<KvCacheType>("--kv-cache-value-type", "Type of the values in the KV cache [default: that of the keys]");

    private readonly Option<FlashAttention> _flashAttention = Setting.Choice("--flash-attention", "Whether flash attention is used", () => FlashAttention.Auto);

    private readonly Option<int> _gpuLayers = Setting.Number("--gpu-layers", "Layers on the GPU; -1 is all", -1, int.MaxValue, () => -1);

    private readonly Option<SplitMode> _splitMode = Setting.Choice("--split-mode", "How the model is spread over several GPUs", () => SplitMode.Layer);

    private readonly Option<int> _mainGpu = Setting.Number("--main-gpu", "GPU that holds what is not spread, from 0", 0, ModelParameters.GpuLimit - 1, () => 0);

    private readonly Option<float[]> _tensorSplit = Setting.Create("--tensor-split", "X,Y,…", "Share of each GPU, such as 3,1 [default: by free memory]", "numbers from 0 with commas between them", ReadShares, () => []);

    private readonly Option<LoadMode> _loadMode = Setting.Choice("--load-mode", "How the model's file comes into memory", () => LoadMode.Map);

    private readonly Option<FitCheck> _fitCheck = Setting.Choice("--fit-check", "What is done when the model's memory, known before its download, is more than there is", () => FitCheck.Refuse);

    private readonly Option<long?> _memoryLimit = Setting.OptionalBytes("--memory-limit", "Main memory that the model is held against before its download, such as 16Gi [default: the container's limit]");

    private readonly Option<NumaStrategy> _numa = Setting.Choice("--numa", "How threads lie on the nodes of a machine whose memory is not uniform", () => NumaStrategy.None);

    private readonly Option<RopeScaling?> _ropeScaling = Setting.OptionalChoice<RopeScaling>("--rope-scaling", "How positions are stretched for long contexts [default: what the model's file says]");

    private readonly Option<float?> _ropeFactor = Setting.OptionalReal("--rope-factor", "How far positions are stretched [default: what the model's file says]", 1, 1024);

    private readonly Option<float?> _ropeFrequencyBase = Setting.OptionalReal("--rope-frequency-base", "Base of the rotation of positions [default: what the model's file says]", 1, float.MaxValue);

    private readonly Option<int?> _yarnOriginalContext = Setting.OptionalNumber("--yarn-original-context", "Context before positions were stretched [default: what the model's file says]", 1, MaxContextLength);

    private readonly Option<PoolingType?> _pooling = Setting.OptionalChoice<PoolingType>("--pooling", "How embeddings are pooled; given for a model that generates, it embeds too [default: what the model's file says]");

    private readonly Option<int?> _threads = Setting.OptionalNumber("--threads", "CPU threads that compute, no more than the container's CPUs [default: whole CPUs of the container's quota, fewer for a small model]", 1, MaxThreads);

    private readonly Option<AdapterSource[]> _adapters = Setting.Many("--lora", "NAME=PATH", "LoRA adapter that requests can choose by name", "NAME=PATH", AdapterSource.Parse);

    private readonly Option<string?> _adapterDirectory = Setting.Text("--lora-dir", "DIR", "Folder from which adapters may be loaded while the worker runs [default: none]");

    public void AddTo(Command command)
    {
        Option[] options =
        [
            _backend, _contextLength, _maxSequences, _batchTokens, _draftTokens, _microBatchTokens, _kvCacheType, _valueCacheType, _flashAttention,
            _gpuLayers, _splitMode, _mainGpu, _tensorSplit, _loadMode, _fitCheck, _memoryLimit, _numa, _threads,
            _ropeScaling, _ropeFactor, _ropeFrequencyBase, _yarnOriginalContext, _pooling, _adapters, _adapterDirectory,
        ];
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
        BatchTokens = result.GetValue(_batchTokens),
        DraftTokens = result.GetValue(_draftTokens),
        MicroBatchTokens = result.GetValue(_microBatchTokens),
        KvCacheType = result.GetValue(_kvCacheType),
        ValueCacheType = result.GetValue(_valueCacheType),
        FlashAttention = result.GetValue(_flashAttention),
        GpuLayers = result.GetValue(_gpuLayers),
        SplitMode = result.GetValue(_splitMode),
        MainGpu = result.GetValue(_mainGpu),
        TensorSplit = result.GetValue(_tensorSplit) ?? [],
        LoadMode = result.GetValue(_loadMode),
        FitCheck = result.GetValue(_fitCheck),
        MemoryLimit = result.GetValue(_memoryLimit),
        Numa = result.GetValue(_numa),
        Rope = Rope(result),
        Pooling = result.GetValue(_pooling),
        Threads = result.GetValue(_threads),
        Adapters = result.GetValue(_adapters) ?? [],
        AdapterDirectory = result.GetValue(_adapterDirectory) is { } directory ? Path.GetFullPath(directory) : null,
    };

    private RopeParameters? Rope(ParseResult result)
    {
        var rope = new RopeParameters
        {
            Scaling = result.GetValue(_ropeScaling),
            Factor = result.GetValue(_ropeFactor),
            FrequencyBase = result.GetValue(_ropeFrequencyBase),
            OriginalContextLength = result.GetValue(_yarnOriginalContext),
        };
        return rope == new RopeParameters() ? null : rope;
    }

    private static float[]? ReadShares(string text)
    {
        var parts = text.Split(',');
        var shares = new float[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out shares[i]) || !float.IsFinite(shares[i]) || shares[i] < 0)
            {
                return null;
            }
        }

        return shares;
    }
}
