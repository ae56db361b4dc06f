using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>A ModelCache of the weights that a ModelDeployment serves.</summary>
/// <param name="Cache">The ModelCache.</param>
/// <param name="Claim">The claim that it names; null when it names none, and when there is no such claim.</param>
internal sealed record ObservedCache(ModelCache Cache, V1PersistentVolumeClaim? Claim);
