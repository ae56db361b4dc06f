using System.Net;
using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Telemetry;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Everything that <c>serve</c> can be told. The defaults are those of the command line.</summary>
internal sealed record ServeOptions
{
    /// <summary>Where fetched files are kept by default.</summary>
    public const string DefaultModelDirectory = "/var/lib/fleetops/models";

    /// <summary>Under which claims are mounted by default.</summary>
    public const string DefaultClaimRoot = "/var/lib/fleetops/claims";

    /// <summary>Context length if none is asked for, unless the model was trained for less.</summary>
    public const int DefaultContextLength = 4096;

    /// <summary>Requests that may wait by default.</summary>
    public const int DefaultMaxWaiting = 128;

    /// <summary>Where the model is, and what its file must be.</summary>
    public required FetchRequest Model { get; init; }

    /// <summary>How it is fetched, and where its file is kept.</summary>
    public required ModelFetcherOptions Fetching { get; init; }

    /// <summary>Name under which the model is served; null is the name in its file.</summary>
    public string? ModelName { get; init; }

    /// <summary>A Jinja template for conversations instead of the model's own; null for that.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>What computes.</summary>
    public BackendRequest Backend { get; init; } = BackendRequest.Auto;

    /// <summary>Tokens of one request; null is <see cref="DefaultContextLength"/> or what the model was trained for, whichever is less.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Requests computed at once; 1 to 256.</summary>
    public int MaxSequences { get; init; } = 8;

    /// <summary>Type of the KV cache.</summary>
    public KvCacheType KvCacheType { get; init; } = KvCacheType.F16;

    /// <summary>Type of the values in the KV cache; null is that of the keys.</summary>
    public KvCacheType? ValueCacheType { get; init; }

    /// <summary>Changes to the model's rotary positions; null for none.</summary>
    public RopeParameters? Rope { get; init; }

    /// <summary>Whether flash attention is used.</summary>
    public FlashAttention FlashAttention { get; init; } = FlashAttention.Auto;

    /// <summary>Layers on the GPU; -1 is all.</summary>
    public int GpuLayers { get; init; } = -1;

    /// <summary>How the model is spread over several GPUs.</summary>
    public SplitMode SplitMode { get; init; } = SplitMode.Layer;

    /// <summary>The GPU that holds what is not spread; from 0.</summary>
    public int MainGpu { get; init; }

    /// <summary>The share of each GPU; empty goes by their free memory.</summary>
    public IReadOnlyList<float> TensorSplit { get; init; } = [];

    /// <summary>How the file comes into memory.</summary>
    public LoadMode LoadMode { get; init; } = LoadMode.Map;

    /// <summary>What is done when the model's memory, known before its download, is more than there is.</summary>
    public FitCheck FitCheck { get; init; } = FitCheck.Refuse;

    /// <summary>Bytes of main memory that the model is held against; null is the limit of the container.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>How threads lie on the nodes of the machine.</summary>
    public NumaStrategy Numa { get; init; } = NumaStrategy.None;

    /// <summary>How embeddings are pooled; null leaves it to the model's file. Given for a model that generates, it embeds too.</summary>
    public PoolingType? Pooling { get; init; }

    /// <summary>Adapters to load at start-up.</summary>
    public IReadOnlyList<AdapterSource> Adapters { get; init; } = [];

    /// <summary>Folder from which adapters may be loaded at run time; null for none.</summary>
    public string? AdapterDirectory { get; init; }

    /// <summary>CPU threads that compute; null is what fits the CPU quota and the model's size.</summary>
    public int? Threads { get; init; }

    /// <summary>Port of gRPC; 0 takes a free one.</summary>
    public int GrpcPort { get; init; } = 9090;

    /// <summary>Port of the probes, the state and the metrics; 0 takes a free one.</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>Address to listen on; null is any.</summary>
    public IPAddress? Bind { get; init; }

    /// <summary>Who may talk to the gRPC port, and how.</summary>
    public SecurityOptions Security { get; init; } = new();

    /// <summary>Where metrics and traces are sent; null for nowhere.</summary>
    public CollectorOptions? Collector { get; init; }

    /// <summary>How much clients may take of the gRPC port.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>How long new calls are still served after SIGTERM, while endpoints are removed.</summary>
    public TimeSpan DrainDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long running calls may take after that.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>Folder of the native libraries.</summary>
    public required string NativeDirectory { get; init; }

    /// <summary>Where the reason of a failure is left; null for nowhere.</summary>
    public string? TerminationLog { get; init; }

    /// <summary>Whether log lines are JSON.</summary>
    public bool JsonLog { get; init; }

    /// <summary>Whether log lines tell prompts and answers.</summary>
    public bool LogPrompts { get; init; }

    /// <summary>Requests that may wait for a slot.</summary>
    public int MaxWaiting { get; init; } = DefaultMaxWaiting;

    /// <summary>Prompt tokens that may wait for a slot; one request may exceed it alone.</summary>
    public long MaxWaitingTokens { get; init; } = long.MaxValue;

    /// <summary>Requests of one tenant that may wait for a slot; null is half of <see cref="MaxWaiting"/>. Those that name no tenant share <see cref="MaxWaiting"/>.</summary>
    public int? MaxWaitingPerTenant { get; init; }

    /// <summary>Tokens of one batch.</summary>
    public int BatchTokens { get; init; } = 512;

    /// <summary>Tokens that are computed at once; null is <see cref="BatchTokens"/>.</summary>
    public int? MicroBatchTokens { get; init; }

    /// <summary>Tokens that are guessed for each stream and batch from what stood in its prompt before; 0 guesses none.</summary>
    public int DraftTokens { get; init; }

    /// <summary>Tokens of one request that may lie unread before its sequence pauses.</summary>
    public int OutputCapacity { get; init; } = 256;

    /// <summary>How long a sequence may pause for its reader.</summary>
    public TimeSpan SlowReaderTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
