using System.Collections.Concurrent;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>Chooses faults by a seed and counts them. Thread-safe.</summary>
internal sealed class FaultSchedule(int seed)
{
    // Of a thousand requests; the others pass. Held answers block a worker for long, so they are rare.
    private static readonly (Fault Fault, int Weight)[] Requests =
    [
        (Fault.InternalError, 40), (Fault.Unavailable, 40), (Fault.TooManyRequests, 40), (Fault.CutAnswer, 40), (Fault.HeldAnswer, 4), (Fault.Delay, 100),
    ];

    private static readonly (Fault Fault, int Weight)[] Watches =
    [
        (Fault.InternalError, 60), (Fault.Unavailable, 60), (Fault.TooManyRequests, 60), (Fault.HeldAnswer, 10), (Fault.Delay, 60), (Fault.CutWatch, 750),
    ];

    private readonly ConcurrentDictionary<Fault, int> _chosen = new();
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();

    public int Seed { get; } = seed;

    /// <summary>While false nothing happens to requests.</summary>
    public bool IsActive { get; set; }

    /// <summary>How often each fault was chosen; <see cref="Fault.None"/> for requests that passed while the schedule was active.</summary>
    public IReadOnlyDictionary<Fault, int> Chosen => new SortedDictionary<Fault, int>(_chosen);

    public Fault Next(bool isWatch)
    {
        if (!IsActive)
        {
            return Fault.None;
        }

        var fault = Pick(isWatch ? Watches : Requests, Between(0, 1000));
        _chosen.AddOrUpdate(fault, 1, static (_, count) => count + 1);
        return fault;
    }

    public int Between(int from, int to)
    {
        lock (_gate)
        {
            return _random.Next(from, to);
        }
    }

    private static Fault Pick((Fault Fault, int Weight)[] table, int number)
    {
        foreach (var (fault, weight) in table)
        {
            if ((number -= weight) < 0)
            {
                return fault;
            }
        }

        return Fault.None;
    }
}
