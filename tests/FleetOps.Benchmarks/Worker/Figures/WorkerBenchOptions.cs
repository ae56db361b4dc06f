namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>What to measure.</summary>
internal sealed record WorkerBenchOptions
{
    /// <summary>Names of the figures, or beginnings of them; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Runs of each contender.</summary>
    public int Runs { get; init; } = 7;

    /// <summary>Requests over which memory must not grow.</summary>
    public int Requests { get; init; } = 100_000;

    /// <summary>Whether to measure the program of development.</summary>
    public bool Jit { get; init; }
}
