using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The Control service: what is served, and by what.</summary>
internal sealed class ControlService(ModelRegistry models, WorkerState state, OpenRequests requests, ServeOptions options) : Control.ControlBase
{
    /// <inheritdoc/>
    public override Task<ModelInfo> GetModelInfo(GetModelInfoRequest request, ServerCallContext context)
    {
        if (models.Loaded is not { } loaded || state.Model is not { } model)
        {
            throw RpcErrors.Unavailable("LOADING", $"The worker is {state.Phase}; its model is known when it has been loaded.");
        }

        return Task.FromResult(new ModelInfo
        {
            Name = model.Name,
            Architecture = model.Architecture,
            Parameters = model.Parameters,
            Quantization = model.Quantization,
            ContextLength = model.ContextLength,
            TrainedContextLength = loaded.Model.TrainedContextLength,
            SizeBytes = model.SizeBytes,
            Sha256 = model.Sha256,
            License = model.License,
            Revision = model.Revision,
            VocabularySize = loaded.Model.Vocabulary.Count,
            HasChatTemplate = loaded.Template is not null,
            EmbeddingLength = loaded.Model.EmbeddingOutputLength,
            DefaultSampling = SamplingReader.Describe(loaded.DefaultSampling),
        });
    }

    /// <inheritdoc/>
    public override Task<ServerInfo> GetServerInfo(GetServerInfoRequest request, ServerCallContext context)
    {
        var info = new ServerInfo
        {
            Version = state.Version,
            EngineVersion = state.EngineVersion,
            Phase = state.Phase.ToString(),
            StartedAt = Timestamp.FromDateTimeOffset(state.StartedAt),
            MaxSequences = options.MaxSequences,
            MaxWaiting = options.MaxWaiting,
            BatchTokens = options.BatchTokens,
            Threads = models.Loaded?.Threads ?? 0,
            KvCacheType = options.KvCacheType.ToString(),
            FlashAttention = options.FlashAttention.ToString(),
        };
        if (state.Backend is { } backend)
        {
            info.Backend = new Backend { Requested = backend.Requested, Selected = backend.Selected, Why = backend.Why };
            info.Backend.Devices.AddRange(backend.Devices.Select(device => new Device
            {
                Name = device.Name,
                Description = device.Description,
                MemoryTotalBytes = device.MemoryTotalBytes,
                MemoryFreeBytes = device.MemoryFreeBytes,
            }));
        }

        return Task.FromResult(info);
    }

    /// <inheritdoc/>
    public override Task WatchLoad(WatchLoadRequest request, IServerStreamWriter<Load> responseStream, ServerCallContext context) => throw NotYet("WatchLoad");

    /// <inheritdoc/>
    public override Task<AbortResponse> Abort(AbortRequest request, ServerCallContext context) => request.RequestId.Length > 0
        ? Task.FromResult(new AbortResponse { Aborted = requests.Abort(request.RequestId) })
        : throw RpcErrors.InvalidArgument("request_id", "is empty; it must be the x-request-id of the requests to end.");

    /// <inheritdoc/>
    public override Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context) => throw NotYet("Drain");

    /// <inheritdoc/>
    public override Task<ListAdaptersResponse> ListAdapters(ListAdaptersRequest request, ServerCallContext context) => throw NotYet("ListAdapters");

    /// <inheritdoc/>
    public override Task<Adapter> LoadAdapter(LoadAdapterRequest request, ServerCallContext context) => throw NotYet("LoadAdapter");

    /// <inheritdoc/>
    public override Task<UnloadAdapterResponse> UnloadAdapter(UnloadAdapterRequest request, ServerCallContext context) => throw NotYet("UnloadAdapter");

    private static RpcException NotYet(string call) => RpcErrors.Unimplemented($"{call} is not answered by this version.");
}
