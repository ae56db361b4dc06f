namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What holds a worker up.</summary>
/// <param name="Reason">From <see cref="Api.Reasons"/>.</param>
/// <param name="Message">The object, the cause and the cure.</param>
internal sealed record Trouble(string Reason, string Message)
{
    /// <summary>What it is about, such as "Pod demo-1"; empty where the message was made elsewhere.</summary>
    public string Subject { get; init; } = "";

    /// <summary>The cause alone.</summary>
    public string Cause { get; init; } = "";

    /// <summary>Whether the pod waits for something that nodes have and others use.</summary>
    public bool IsShortage { get; init; }

    /// <summary>Whether no amount of waiting helps: someone has to change something.</summary>
    public bool NeedsChange => ReasonTraits.NeedsChange(Reason);
}
