namespace FleetOps.Benchmarks.Figures;

/// <summary>What to measure.</summary>
internal sealed record BenchOptions
{
    /// <summary>Names of the figures; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>ModelDeployments of the burst and of the smallest fleet.</summary>
    public int Count { get; init; } = 1000;

    /// <summary>Minutes of the steady state.</summary>
    public double Minutes { get; init; } = 10;

    /// <summary>Bursts of each contender.</summary>
    public int Runs { get; init; } = 3;

    /// <summary>Whether to measure the program of development.</summary>
    public bool Jit { get; init; }
}
