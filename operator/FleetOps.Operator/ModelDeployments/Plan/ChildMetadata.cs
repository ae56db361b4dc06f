using FleetOps.Api;
using FleetOps.ControllerRuntime.Reconciling;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What all children have in common: who owns them, and labels.</summary>
internal static class ChildMetadata
{
    public static V1ObjectMeta For(ModelDeployment owner, string name, ChildNames names) => new()
    {
        Name = name,
        NamespaceProperty = owner.Metadata.NamespaceProperty,
        Labels = LabelsFor(names),
        OwnerReferences = [Owners.ControllerReference(ModelDeploymentTypes.ModelDeployments, owner)],
    };

    public static Dictionary<string, string> LabelsFor(ChildNames names) => new(StringComparer.Ordinal)
    {
        [Labels.Model] = names.ModelLabel,
        [Labels.AppName] = "fleetops-worker",
        [Labels.AppInstance] = names.ModelLabel,
        [Labels.AppComponent] = "inference",
        [Labels.AppPartOf] = "fleetops",
        [Labels.AppManagedBy] = "fleetops",
    };

    /// <summary>The owner that controls an object, or null.</summary>
    public static V1OwnerReference? Controller(V1ObjectMeta child)
    {
        foreach (var reference in child.OwnerReferences ?? [])
        {
            if (reference.Controller == true)
            {
                return reference;
            }
        }

        return null;
    }
}
