namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>Something that keeps a spec from being carried out.</summary>
/// <param name="Reason">From <see cref="Api.Reasons"/>.</param>
/// <param name="Message">The object, the cause and the cure.</param>
/// <param name="RejectsSpec">Whether the spec as such cannot be accepted.</param>
internal sealed record Obstacle(string Reason, string Message, bool RejectsSpec);
