namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>The meter and activity source under which the runtime reports.</summary>
public static class RuntimeMeter
{
    /// <summary>Name of the <see cref="System.Diagnostics.Metrics.Meter"/> and the <see cref="System.Diagnostics.ActivitySource"/>.</summary>
    public const string Name = "FleetOps.ControllerRuntime";
}
