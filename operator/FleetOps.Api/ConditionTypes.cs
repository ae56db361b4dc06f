namespace FleetOps.Api;

/// <summary>The conditions of a ModelDeployment. The last two are those of kstatus, which <c>helm --wait</c> reads.</summary>
public static class ConditionTypes
{
    /// <summary>The spec is valid and its children can be made.</summary>
    public const string Accepted = "Accepted";

    /// <summary>The weights have arrived and have been verified on at least one worker of the current generation.</summary>
    public const string WeightsReady = "WeightsReady";

    /// <summary>At least spec.disruption.minAvailable workers serve; one where that is not given.</summary>
    public const string Available = "Available";

    /// <summary>All wanted workers of the current generation serve.</summary>
    public const string Ready = "Ready";

    /// <summary>Work towards the spec is going on.</summary>
    public const string Reconciling = "Reconciling";

    /// <summary>Work towards the spec cannot go on until someone changes something.</summary>
    public const string Stalled = "Stalled";

    /// <summary>All of them, in the order in which status lists them.</summary>
    public static IReadOnlyList<string> All { get; } = [Accepted, WeightsReady, Available, Ready, Reconciling, Stalled];
}
