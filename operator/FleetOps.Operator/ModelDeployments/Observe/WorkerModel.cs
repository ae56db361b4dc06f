namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The model, as a worker tells it.</summary>
internal sealed record WorkerModel
{
    public string? Architecture { get; init; }

    public string? Name { get; init; }

    public long Parameters { get; init; }

    public string? Quantization { get; init; }

    public long ContextLength { get; init; }

    public long SizeBytes { get; init; }

    public string? Sha256 { get; init; }

    /// <summary>Who named the digest: <c>Request</c>, <c>Source</c>, <c>Record</c> (of the first download) or <c>Computed</c> (nobody).</summary>
    public string? DigestOrigin { get; init; }

    public string? License { get; init; }

    public string? Revision { get; init; }
}
