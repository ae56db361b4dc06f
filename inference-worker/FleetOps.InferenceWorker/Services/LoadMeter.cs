using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Services;

/// <summary>Measures how busy the server is, from one look to the next. Not safe for concurrent use.</summary>
internal sealed class LoadMeter(ModelRegistry models, WorkerState state, ServeOptions options, TimeProvider clock)
{
    private long _lookedAt = clock.GetTimestamp();
    private long _sampledTokens = models.Loaded?.Generation?.Counters.SampledTokens ?? 0;
    private long _promptTokens = models.Loaded?.Generation?.Counters.PromptTokens ?? 0;

    /// <summary>Looks.</summary>
    public Load Look()
    {
        var engine = models.Loaded?.Generation;
        var sampled = engine?.Counters.SampledTokens ?? 0;
        var prompt = engine?.Counters.PromptTokens ?? 0;
        var seconds = clock.GetElapsedTime(_lookedAt).TotalSeconds;
        var load = new Load
        {
            Running = models.Running,
            Waiting = models.Waiting,
            KvTokensUsed = engine?.Counters.KvTokens ?? 0,
            KvTokensTotal = KvTokensTotal(models.Loaded),
            TokensPerSecond = seconds > 0 ? (sampled - _sampledTokens) / seconds : 0,
            PromptTokensPerSecond = seconds > 0 ? (prompt - _promptTokens) / seconds : 0,
            Draining = state.Phase >= WorkerPhase.Draining,
            MaxRunning = options.MaxSequences,
            MaxWaiting = options.MaxWaiting,
        };
        (_lookedAt, _sampledTokens, _promptTokens) = (clock.GetTimestamp(), sampled, prompt);
        return load;
    }

    /// <summary>Tokens that the KV cache holds; 0 until a model that generates has been loaded.</summary>
    public static long KvTokensTotal(ServedModel? served) =>
        served?.Generation is { } engine ? (long)engine.Settings.ContextLength * engine.Settings.MaxSequences : 0;
}
