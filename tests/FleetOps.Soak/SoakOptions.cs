namespace FleetOps.Soak;

/// <summary>How a soak is run.</summary>
internal sealed record SoakOptions
{
    /// <summary>For how long requests are sent.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How long requests are mixed before everything comes to rest and is counted.</summary>
    public TimeSpan Round { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many clients ask at once.</summary>
    public int Clients { get; init; } = 12;

    /// <summary>What the mix depends on.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>By how many MB resident memory may grow after the first half: what a leak exceeds in an hour, and the garbage collector's moods do not.</summary>
    public double MostGrowthMegabytes { get; init; } = 24;

    /// <summary>Told about each round.</summary>
    public Action<string>? Progress { get; init; }
}
