namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>The part of a worker's <c>GET /state</c> that the operator reads.</summary>
internal sealed record WorkerState
{
    public string Phase { get; init; } = "";

    public DateTime? Since { get; init; }

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public long FetchedBytes { get; init; }

    public long TotalBytes { get; init; }

    public double BytesPerSecond { get; init; }

    public double? SecondsLeft { get; init; }

    public WorkerModel? Model { get; init; }

    /// <summary>The phases so far, the current one last.</summary>
    public IReadOnlyList<PhaseDuration>? Phases { get; init; }

    public WorkerMemory? Memory { get; init; }
}
