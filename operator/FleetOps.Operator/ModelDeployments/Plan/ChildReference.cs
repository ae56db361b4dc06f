namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>A child by kind and name, in the namespace of its ModelDeployment.</summary>
/// <param name="Kind">Its kind, as in PodDisruptionBudget.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct ChildReference(string Kind, string Name);
