using System.Globalization;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Models;

/// <summary>
/// A loaded model: weights, vocabulary and metadata. It does not change, so its members may be used from any thread, and
/// several contexts may share it. Contexts, samplers and chat templates keep it alive: its memory is freed when it and
/// all of them are disposed.
/// <para>
/// llama.cpp checks the structure of a file and trusts its content: a file that was tampered with can fail one of its
/// assertions, which ends the process. So load what is verified only; <see cref="LlamaRuntime.Load"/>'s abort listener
/// hears the reason of such an end.
/// </para>
/// </summary>
public sealed unsafe class LlamaModel : IDisposable
{
    private const int DescriptionSize = 256;
    private const int NoRope = -1;

    private LlamaModel(ModelHandle handle, string path, Backend backend)
    {
        Handle = handle;
        Backend = backend;
        Path = path;
        var model = handle.Pointer;
        Metadata = ModelMetadata.Read(model);
        Vocabulary = new LlamaVocabulary(handle);
        Architecture = Metadata.GetValueOrDefault("general.architecture", "");
        Name = Metadata.GetValueOrDefault("general.name", "");
        ParameterCount = (long)LlamaNative.llama_model_n_params(model);
        SizeBytes = (long)LlamaNative.llama_model_size(model);
        TrainedContextLength = LlamaNative.llama_model_n_ctx_train(model);
        EmbeddingLength = LlamaNative.llama_model_n_embd(model);
        EmbeddingOutputLength = LlamaNative.llama_model_n_embd_out(model);
        ClassCount = (int)LlamaNative.llama_model_n_cls_out(model);
        LayerCount = LlamaNative.llama_model_n_layer(model);
        Quantization = ShimText.Borrowed(LlamaNative.llama_ftype_name(LlamaNative.llama_model_ftype(model)));
        ChatTemplateSource = Template(model, name: null);
        HasDecoder = LlamaNative.llama_model_has_decoder(model) != 0;
        HasEncoder = LlamaNative.llama_model_has_encoder(model) != 0;
        KeepsEachToken = LlamaNative.llama_model_is_recurrent(model) == 0 && LlamaNative.llama_model_is_hybrid(model) == 0 && LlamaNative.llama_model_n_swa(model) == 0;
        IsCausal = AttentionKind.IsCausal(Architecture, Metadata);
        // llama.cpp names a kind of rotation for bert too, whose positions are rows of a table.
        HasRotaryPositions = Architecture != "bert" && LlamaNative.llama_model_rope_type(model) != NoRope;
        Pooling = int.TryParse(Metadata.GetValueOrDefault($"{Architecture}.pooling_type"), CultureInfo.InvariantCulture, out var pooling)
            && Enum.IsDefined((PoolingType)pooling) ? (PoolingType)pooling : null;
        RerankTemplateSource = Template(model, "rerank");
        var description = stackalloc byte[DescriptionSize];
        _ = LlamaNative.llama_model_desc(model, description, DescriptionSize);
        Description = ShimText.Borrowed((nint)description);
    }

    /// <summary>The file that it was loaded from.</summary>
    public string Path { get; }

    /// <summary>GGUF's <c>general.architecture</c>, such as <c>llama</c>.</summary>
    public string Architecture { get; }

    /// <summary>GGUF's <c>general.name</c>; empty when the file has none.</summary>
    public string Name { get; }

    /// <summary>llama.cpp's own summary, such as <c>llama 1B Q8_0</c>.</summary>
    public string Description { get; }

    /// <summary>How most weights are stored, such as <c>Q4_K - Medium</c>.</summary>
    public string Quantization { get; }

    /// <summary>Number of weights.</summary>
    public long ParameterCount { get; }

    /// <summary>Size of all tensors in bytes.</summary>
    public long SizeBytes { get; }

    /// <summary>The context length that it was trained for, in tokens.</summary>
    public int TrainedContextLength { get; }

    /// <summary>Width of the embeddings.</summary>
    public int EmbeddingLength { get; }

    /// <summary>Width of the embeddings that come out, which a few models project to another width.</summary>
    public int EmbeddingOutputLength { get; }

    /// <summary>Scores that the classifier gives for a text; 1 when the file does not say. It means something with <see cref="PoolingType.Rank"/> only.</summary>
    public int ClassCount { get; }

    /// <summary>How the file says that embeddings are pooled, which files of embedding models and rerankers do; null when it does not.</summary>
    public PoolingType? Pooling { get; }

    /// <summary>Whether a token sees only those before it, as in models that generate; else all tokens of a text see one another.</summary>
    public bool IsCausal { get; }

    /// <summary>Number of layers.</summary>
    public int LayerCount { get; }

    /// <summary>Whether it can generate text.</summary>
    public bool HasDecoder { get; }

    /// <summary>Whether it has an encoder.</summary>
    public bool HasEncoder { get; }

    /// <summary>Whether the cache holds each token by itself, so that a sequence can be taken back to any length. False for recurrent models and those with a sliding window.</summary>
    public bool KeepsEachToken { get; }

    /// <summary>The Jinja template that the file brings; null when it has none.</summary>
    public string? ChatTemplateSource { get; }

    /// <summary>The text that the file brings for ranking, with <c>{query}</c> and <c>{document}</c> in it; null when it has none.</summary>
    public string? RerankTemplateSource { get; }

    /// <summary>All metadata of the file as text; arrays are in llama.cpp's short form.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Its tokens.</summary>
    public LlamaVocabulary Vocabulary { get; }

    internal ModelHandle Handle { get; }

    /// <summary>What computes it.</summary>
    internal Backend Backend { get; }

    /// <summary>Whether positions are rotations; else they are rows of a table that ends at <see cref="TrainedContextLength"/>, or distances.</summary>
    internal bool HasRotaryPositions { get; }

    /// <summary>Loads a model. It takes as long as the file is large, on the calling thread.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="path">A GGUF file.</param>
    /// <param name="parameters">How to load it.</param>
    /// <param name="progress">Gets the share that is loaded, 0 to 1, on the calling thread.</param>
    /// <param name="cancellationToken">Ends the load at its next step.</param>
    /// <exception cref="LlamaException">The file is missing, not a whole model, of an unknown architecture, or does not fit into memory.</exception>
    /// <exception cref="OperationCanceledException">The load was cancelled; nothing of the model is left in memory.</exception>
    public static LlamaModel Load(
        LlamaRuntime runtime, string path, ModelParameters parameters, IProgress<float>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(parameters);
        var gpus = runtime.Backend.Selected == Backend.Cpu ? 0 : runtime.GpuCount;
        if (parameters.Fault(gpus) is { } fault)
        {
            throw new ArgumentException(fault, nameof(parameters));
        }

        cancellationToken.ThrowIfCancellationRequested();
        CheckReadable(path, "model");

        var native = LlamaNative.llama_model_default_params();
        native.NGpuLayers = gpus == 0 ? 0 : parameters.GpuLayers;
        native.SplitMode = (int)parameters.SplitMode;
        native.MainGpu = gpus == 0 ? 0 : parameters.MainGpu;
        native.LoadMode = (int)(parameters.WithoutMemory ? LoadMode.Read : parameters.LoadMode);
        native.CheckTensors = parameters.CheckTensors ? (byte)1 : (byte)0;
        native.NoAlloc = parameters.WithoutMemory ? (byte)1 : (byte)0;
        native.VocabOnly = parameters.VocabularyOnly ? (byte)1 : (byte)0;

        using var watch = new LoadProgress(progress, cancellationToken);
        watch.Attach(ref native);
        var log = new List<(LlamaLogLevel, string)>();
        var error = "";
        var shares = new float[ModelParameters.GpuLimit];
        parameters.TensorSplit.ToArray().CopyTo(shares, 0);
        var pointer = LlamaLog.Capture(log, () => Load(path, native, gpus > 0 && parameters.TensorSplit.Count > 0 ? shares : [], out error));
        watch.ThrowIfStopped();
        return pointer == 0 ? throw LoadFault.Describe(path, error, LlamaLog.Summary(log)) : new LlamaModel(new ModelHandle(pointer), path, runtime.Backend.Selected);
    }

    /// <inheritdoc />
    public void Dispose() => Handle.Dispose();

    // llama.cpp says of a file that it cannot open only that the load failed.
    internal static void CheckReadable(string path, string kind)
    {
        try
        {
            File.OpenHandle(path).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LlamaException(LlamaFault.ModelUnreadable, $"The {kind} file '{path}' cannot be read: {e.Message}", e);
        }
    }

    private static nint Load(string path, LlamaModelParams parameters, float[] shares, out string error)
    {
        var message = stackalloc byte[ShimText.ErrorSize];
        message[0] = 0;
        fixed (float* first = shares)
        {
            parameters.TensorSplit = first;
            var pointer = ShimNative.fleetops_model_load(path, &parameters, message, ShimText.ErrorSize);
            error = ShimText.Error(message);
            return pointer;
        }
    }

    private static string? Template(nint model, string? name) =>
        LlamaNative.llama_model_chat_template(model, name) is var source and not 0 ? ShimText.Borrowed(source) : null;
}
