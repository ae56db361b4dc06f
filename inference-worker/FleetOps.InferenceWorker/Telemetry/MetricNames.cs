namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Names of the meter and its instruments. Dashboards and autoscalers depend on them; a test keeps them as they are.</summary>
internal static class MetricNames
{
    /// <summary>The meter.</summary>
    public const string Meter = "FleetOps.Inference";

    /// <summary>Seconds from arrival to the last token (OpenTelemetry GenAI convention).</summary>
    public const string RequestDuration = "gen_ai.server.request.duration";

    /// <summary>Seconds from arrival to the first token (OpenTelemetry GenAI convention).</summary>
    public const string TimeToFirstToken = "gen_ai.server.time_to_first_token";

    /// <summary>Seconds for each token after the first (OpenTelemetry GenAI convention).</summary>
    public const string TimePerOutputToken = "gen_ai.server.time_per_output_token";

    /// <summary>Requests that hold a slot.</summary>
    public const string Running = "fleetops.inference.requests.running";

    /// <summary>Requests that wait for a slot.</summary>
    public const string Waiting = "fleetops.inference.requests.waiting";

    /// <summary>Requests that ended, by outcome.</summary>
    public const string Finished = "fleetops.inference.requests.finished";

    /// <summary>Share of the KV cache in use, 0 to 1.</summary>
    public const string KvCacheUsage = "fleetops.inference.kv_cache.usage";

    /// <summary>Prompt tokens that were computed.</summary>
    public const string PromptTokens = "fleetops.inference.tokens.prompt";

    /// <summary>Tokens that were sampled.</summary>
    public const string GeneratedTokens = "fleetops.inference.tokens.generated";

    /// <summary>Prompt tokens that were found in the KV cache and not computed.</summary>
    public const string CachedTokens = "fleetops.inference.tokens.cached";

    /// <summary>Tokens that were guessed for running streams.</summary>
    public const string DraftedTokens = "fleetops.inference.tokens.drafted";

    /// <summary>Tokens that were guessed right.</summary>
    public const string AcceptedTokens = "fleetops.inference.tokens.accepted";

    /// <summary>Slots that nobody holds; for embeddings and rankings the inputs that the next batch could take.</summary>
    public const string FreeSlots = "fleetops.inference.slots.free";

    /// <summary>Share of the KV cache that is kept for prompts to come and gives way when room is needed, 0 to 1.</summary>
    public const string KvCacheKept = "fleetops.inference.kv_cache.kept";

    /// <summary>Tokens of each batch.</summary>
    public const string BatchSize = "fleetops.inference.batch.size";

    /// <summary>Seconds spent in each phase of the worker.</summary>
    public const string PhaseDuration = "fleetops.worker.phase.duration";

    /// <summary>Bytes of the model in hand.</summary>
    public const string FetchedBytes = "fleetops.worker.fetch.fetched";

    /// <summary>Bytes of the whole model; 0 while unknown.</summary>
    public const string TotalBytes = "fleetops.worker.fetch.size";

    /// <summary>Bytes of the model that arrive each second, or are hashed while it is verified.</summary>
    public const string FetchRate = "fleetops.worker.fetch.rate";

    /// <summary>Seconds until the model is in hand at that rate; not told while unknown.</summary>
    public const string FetchRemaining = "fleetops.worker.fetch.remaining";

    /// <summary>Changes of mounted files, by what they hold and what became of them.</summary>
    public const string FileReloads = "fleetops.worker.files.reloads";

    /// <summary>When the server's certificate expires, in seconds since 1970.</summary>
    public const string CertificateExpiry = "fleetops.worker.certificate.expiry";

    /// <summary>Calls refused for want of a known token.</summary>
    public const string Unauthenticated = "fleetops.worker.calls.unauthenticated";

    /// <summary>Connections open on the gRPC port.</summary>
    public const string Connections = "fleetops.worker.connections.open";

    /// <summary>Connections closed at once, because too many are open.</summary>
    public const string ConnectionsRefused = "fleetops.worker.connections.refused";

    /// <summary>Calls open on the gRPC port.</summary>
    public const string Calls = "fleetops.worker.calls.open";

    /// <summary>Calls refused by a limit of the server.</summary>
    public const string CallsRefused = "fleetops.worker.calls.refused";
}
