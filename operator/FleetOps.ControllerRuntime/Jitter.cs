namespace FleetOps.ControllerRuntime;

/// <summary>Random numbers that spread load over time; nothing secret depends on them.</summary>
internal static class Jitter
{
    /// <summary>A number from 0 up to, but not including, 1.</summary>
#pragma warning disable CA5394 // Spreading load needs no secret numbers.
    public static double Next() => Random.Shared.NextDouble();
#pragma warning restore CA5394
}
