namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What holds a worker up.</summary>
/// <param name="Reason">From <see cref="Api.Reasons"/>.</param>
/// <param name="Message">The object, the cause and the cure.</param>
internal sealed record Trouble(string Reason, string Message)
{
    /// <summary>Whether no amount of waiting helps: someone has to change something.</summary>
    public bool NeedsChange => ReasonTraits.NeedsChange(Reason);
}
