namespace FleetOps.ControllerRuntime.Leadership;

/// <summary>Which Lease is campaigned for, as whom, and how patiently.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>Namespace of the Lease.</summary>
    public required string Namespace { get; init; }

    /// <summary>Name of the Lease.</summary>
    public required string Name { get; init; }

    /// <summary>Who this process is; must be unique among the candidates. Default: host name and a random part.</summary>
    public string Identity { get; init; } = $"{Environment.MachineName}_{Guid.NewGuid():N}";

    /// <summary>How long others wait after the last renewal that they saw before they take over. Whole seconds, at least 1. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a leader goes on without a successful renewal. Shorter than the lease. Default: 10 s.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Pause between renewals; candidates look twice as often, at pauses lengthened at random by up to a fifth. Shorter than the deadline.
    /// Default: 2 s.
    /// </summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Checks that names are given and durations fit each other.</summary>
    /// <exception cref="InvalidOperationException">They do not; the message says which.</exception>
    public void Validate()
    {
        if (string.IsNullOrEmpty(Namespace) || string.IsNullOrEmpty(Name) || string.IsNullOrEmpty(Identity))
        {
            throw new InvalidOperationException($"Leader election needs a namespace, a name and an identity, but they are '{Namespace}', '{Name}' and '{Identity}'.");
        }

        if (LeaseDuration < TimeSpan.FromSeconds(1) || RenewDeadline >= LeaseDuration || RetryPeriod <= TimeSpan.Zero || RetryPeriod * 1.2 >= RenewDeadline)
        {
            throw new InvalidOperationException(
                $"Leader election needs RetryPeriod * 1.2 < RenewDeadline < LeaseDuration and a lease of at least 1 s, but they are {RetryPeriod.TotalSeconds} s, {RenewDeadline.TotalSeconds} s and {LeaseDuration.TotalSeconds} s.");
        }
    }
}
