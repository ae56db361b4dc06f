using System.Diagnostics;
using System.Diagnostics.Metrics;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>The worker's instruments. Safe for use from any thread.</summary>
internal sealed class InferenceMetrics : IDisposable
{
    private const string Operation = "gen_ai.operation.name";
    private const string RequestModel = "gen_ai.request.model";

    // The buckets are those that the OpenTelemetry GenAI convention advises.
    private static readonly double[] RequestDurationBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] TimeToFirstTokenBuckets = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] TimePerOutputTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
    private static readonly int[] BatchSizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

    private readonly Meter _meter;
    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;
    private readonly Histogram<int> _batchSize;
    private readonly Counter<long> _finished;

    /// <summary>Makes the instruments.</summary>
    public InferenceMetrics(IMeterFactory meters, ModelRegistry models, WorkerState state)
    {
        _meter = meters.Create(MetricNames.Meter);
        _requestDuration = Seconds(MetricNames.RequestDuration, "From the arrival of a request to its last token.", RequestDurationBuckets);
        _timeToFirstToken = Seconds(MetricNames.TimeToFirstToken, "From the arrival of a request to its first token.", TimeToFirstTokenBuckets);
        _timePerOutputToken = Seconds(MetricNames.TimePerOutputToken, "Time for each token after the first.", TimePerOutputTokenBuckets);
        _batchSize = _meter.CreateHistogram(MetricNames.BatchSize, "{token}", "Tokens of each batch.", tags: null, new InstrumentAdvice<int> { HistogramBucketBoundaries = BatchSizeBuckets });
        _finished = _meter.CreateCounter<long>(MetricNames.Finished, "{request}", "Requests that ended, by outcome.");
        _meter.CreateObservableUpDownCounter(MetricNames.Running, () => models.Running, "{request}", "Requests that hold a slot.");
        _meter.CreateObservableUpDownCounter(MetricNames.Waiting, () => models.Waiting, "{request}", "Requests that wait for a slot.");
        _meter.CreateObservableGauge(MetricNames.KvCacheUsage, () => KvCacheShare(models.Loaded?.Generation, static counters => counters.KvTokens), "1", "Share of the KV cache in use; each slot has a part of its own, into which beginnings that it has in common with others are copied.");
        _meter.CreateObservableGauge(
            MetricNames.KvCacheKept, () => KvCacheShare(models.Loaded?.Generation, static counters => counters.IdleKvTokens), "1", "Share of the KV cache that is kept for prompts to come and gives way when room is needed.");
        _meter.CreateObservableUpDownCounter(MetricNames.FreeSlots, () => models.Loaded?.FreeSlots ?? 0, "{slot}", "Slots that nobody holds; for embeddings and rankings the inputs that the next batch could take.");
        _meter.CreateObservableCounter(MetricNames.CachedTokens, () => models.Loaded?.Generation?.Counters.CachedPromptTokens ?? 0, "{token}", "Prompt tokens that were found in the KV cache and not computed.");
        _meter.CreateObservableCounter(MetricNames.DraftedTokens, () => models.Loaded?.Generation?.Counters.DraftedTokens ?? 0, "{token}", "Tokens that were guessed for running streams.");
        _meter.CreateObservableCounter(MetricNames.AcceptedTokens, () => models.Loaded?.Generation?.Counters.AcceptedTokens ?? 0, "{token}", "Tokens that were guessed right.");
        _meter.CreateObservableCounter(MetricNames.PromptTokens, () => models.Loaded?.Generation?.Counters.PromptTokens ?? 0, "{token}", "Prompt tokens that were computed.");
        _meter.CreateObservableCounter(MetricNames.GeneratedTokens, () => models.Loaded?.Generation?.Counters.SampledTokens ?? 0, "{token}", "Tokens that were sampled.");
        _meter.CreateObservableGauge(MetricNames.FetchedBytes, () => state.Fetched.FetchedBytes, "By", "Bytes of the model in hand.");
        _meter.CreateObservableGauge(MetricNames.TotalBytes, () => state.Fetched.TotalBytes, "By", "Bytes of the whole model; 0 while unknown.");
        _meter.CreateObservableGauge(MetricNames.FetchRate, () => state.Fetched.BytesPerSecond, "By/s", "Bytes of the model that arrive each second, or are hashed while it is verified.");
        _meter.CreateObservableGauge(
            MetricNames.FetchRemaining, () => state.FetchSecondsLeft is { } seconds ? new[] { new Measurement<double>(seconds) } : [], "s", "Time until the model is in hand at the present rate.");
        _meter.CreateObservableGauge(
            MetricNames.PhaseDuration,
            () => state.Durations().GroupBy(phase => phase.Phase).Select(phase => new Measurement<double>(phase.Sum(part => part.Seconds), new KeyValuePair<string, object?>("phase", phase.Key.ToString()))),
            "s",
            "Time spent in each phase of the worker.");
    }

    /// <summary>Shows each way in which a request can end from now on, so that the first that ends so is seen as one more.</summary>
    /// <param name="model">The name of the model.</param>
    /// <param name="capabilities">What it can be asked for.</param>
    public void Prepare(string model, ModelCapabilities capabilities)
    {
        foreach (var operation in Operations.Of(capabilities))
        {
            foreach (var outcome in Outcomes.All)
            {
                Finished(0, operation, model, outcome);
            }
        }
    }

    /// <summary>Records a batch.</summary>
    public void BatchComputed(int tokens) => _batchSize.Record(tokens);

    /// <summary>Records a request that ended.</summary>
    /// <param name="operation">The operation, as the GenAI convention names it.</param>
    /// <param name="model">The name of the model.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="duration">From arrival to the end.</param>
    /// <param name="timeToFirstToken">From arrival to the first token; null if there was none.</param>
    /// <param name="completionTokens">How many tokens were sampled.</param>
    public void RequestEnded(string operation, string model, string outcome, TimeSpan duration, TimeSpan? timeToFirstToken, int completionTokens)
    {
        var tags = new TagList
        {
            { Operation, operation },
            { "gen_ai.provider.name", "fleetops" },
            { RequestModel, model },
            { "gen_ai.response.model", model },
        };
        Finished(1, operation, model, outcome);
        if (timeToFirstToken is { } first)
        {
            _timeToFirstToken.Record(first.TotalSeconds, tags);
            if (completionTokens > 1)
            {
                _timePerOutputToken.Record((duration - first).TotalSeconds / (completionTokens - 1), tags);
            }
        }

        if (!Outcomes.IsGood(outcome))
        {
            tags.Add("error.type", outcome);
        }

        _requestDuration.Record(duration.TotalSeconds, tags);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Finished(int requests, string operation, string model, string outcome) =>
        _finished.Add(requests, new TagList { { Operation, operation }, { RequestModel, model }, { "outcome", outcome } });

    private static double KvCacheShare(InferenceEngine? engine, Func<EngineCounters, long> tokens) =>
        engine is null ? 0 : (double)tokens(engine.Counters) / ((long)engine.Settings.ContextLength * engine.Settings.MaxSequences);

    private Histogram<double> Seconds(string name, string description, double[] buckets) =>
        _meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });
}
