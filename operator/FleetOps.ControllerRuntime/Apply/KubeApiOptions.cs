namespace FleetOps.ControllerRuntime.Apply;

/// <summary>How <see cref="KubeApi"/> talks to the API server.</summary>
public sealed record KubeApiOptions
{
    /// <summary>Name under which fields are owned and events reported. Default: <c>fleetops</c>.</summary>
    public string FieldManager { get; init; } = "fleetops";

    /// <summary>
    /// Time limit for one request, from sending to the last byte of its answer; for a watch only until its headers are
    /// there. Default: 30 s. The underlying HTTP client has none of its own.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
