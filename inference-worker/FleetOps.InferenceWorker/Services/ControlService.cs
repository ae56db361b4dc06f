using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The Control service: what is served, by what, and how busy it is.</summary>
internal sealed class ControlService(
    ModelRegistry models, WorkerState state, OpenRequests requests, WorkerLifecycle lifecycle, ServeOptions options, IHostApplicationLifetime host, TimeProvider clock) : Control.ControlBase
{
    /// <inheritdoc/>
    public override Task<ModelInfo> GetModelInfo(GetModelInfoRequest request, ServerCallContext context)
    {
        var loaded = RequireLoaded();
        if (state.Model is not { } model)
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
            CanEmbed = loaded.Capabilities.Embeds,
            CanRerank = loaded.Capabilities.Ranks,
            Pooling = loaded.Embedding?.Pooling.ToString().ToLowerInvariant() ?? "",
            Adapters = { loaded.Adapters.List().Select(Describe) },
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
            MaxWaitingTokens = models.Loaded?.Generation?.Settings.MaxWaitingTokens is { } tokens and < long.MaxValue ? tokens : 0,
            KvTokensTotal = LoadMeter.KvTokensTotal(models.Loaded),
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
                ComputeCapability = device.ComputeCapability,
                DriverVersion = device.DriverVersion,
            }));
        }

        return Task.FromResult(info);
    }

    /// <inheritdoc/>
    public override async Task WatchLoad(WatchLoadRequest request, IServerStreamWriter<Load> responseStream, ServerCallContext context)
    {
        var violations = new FieldViolations();
        Durations.Check("interval", request.Interval, TimeSpan.FromSeconds(0.1), TimeSpan.FromHours(1), violations);
        violations.ThrowIfAny();
        var interval = request.Interval?.ToTimeSpan() ?? TimeSpan.FromSeconds(1);
        using var writer = new TimedStreamWriter<Load>(responseStream, options.SlowReaderTimeout, context, clock);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, host.ApplicationStopping);
        var meter = new LoadMeter(models, state, options, clock);
        Load? told = null;
        do
        {
            var load = meter.Look();
            if (!load.Equals(told))
            {
                await writer.WriteAsync(load);
                told = load;
            }

            await Task.Delay(interval, clock, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!ended.IsCancellationRequested && state.Phase <= WorkerPhase.Draining);
    }

    /// <inheritdoc/>
    public override Task<AbortResponse> Abort(AbortRequest request, ServerCallContext context) => request.RequestId.Length > 0
        ? Task.FromResult(new AbortResponse { Aborted = requests.Abort(request.RequestId) })
        : throw RpcErrors.InvalidArgument("request_id", "is empty; it must be the x-request-id of the requests to end.");

    /// <inheritdoc/>
    public override Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context)
    {
        var response = new DrainResponse { Running = models.Running, Waiting = models.Waiting };
        lifecycle.BeginDrain();
        return Task.FromResult(response);
    }

    /// <inheritdoc/>
    public override Task<ListAdaptersResponse> ListAdapters(ListAdaptersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListAdaptersResponse { Adapters = { RequireLoaded().Adapters.List().Select(Describe) } });

    /// <inheritdoc/>
    public override async Task<Adapter> LoadAdapter(LoadAdapterRequest request, ServerCallContext context)
    {
        var loaded = RequireLoaded();
        if (loaded.Generation is null)
        {
            throw RpcErrors.FailedPrecondition("adapters", $"The model {loaded.Model.Name} generates no text; adapters change only that.");
        }

        try
        {
            // Reads a file, which may take long; the threads of calls are for others.
            return Describe(await Task.Run(() => loaded.Adapters.LoadFromDirectory(request.Name, request.Path, request.HasScale ? request.Scale : 1)));
        }
        catch (AdapterException exception)
        {
            throw exception.Fault switch
            {
                AdapterFault.NameTaken => RpcErrors.AlreadyExists("ADAPTER", exception.Message),
                AdapterFault.FileNotFound => RpcErrors.NotFound("FILE", exception.Message),
                AdapterFault.InvalidArgument => RpcErrors.InvalidArgument("adapter", exception.Message),
                _ => RpcErrors.FailedPrecondition("adapters", exception.Message),
            };
        }
    }

    /// <inheritdoc/>
    public override Task<UnloadAdapterResponse> UnloadAdapter(UnloadAdapterRequest request, ServerCallContext context) => RequireLoaded().Adapters.Unload(request.Name)
        ? Task.FromResult(new UnloadAdapterResponse())
        : throw RpcErrors.NotFound("ADAPTER", $"There is no adapter '{request.Name}'. ListAdapters tells those that there are.");

    private static Adapter Describe(AdapterDescription adapter) => new() { Name = adapter.Name, Path = adapter.Path, Scale = adapter.Scale };

    private ServedModel RequireLoaded() => models.Loaded
        ?? throw RpcErrors.Unavailable("LOADING", $"The worker is {state.Phase}; its model is known when it has been loaded.");
}
