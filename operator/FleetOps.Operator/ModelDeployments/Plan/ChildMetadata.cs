using FleetOps.Api;
using FleetOps.ControllerRuntime.Reconciling;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What all children have in common: who owns them, and labels. The children share one instance of each.</summary>
internal sealed class ChildMetadata(ModelDeployment owner, ChildNames names)
{
    private readonly V1OwnerReference[] _owners = [Owners.ControllerReference(ModelDeploymentTypes.ModelDeployments, owner)];

    public Dictionary<string, string> Labels { get; } = new(6, StringComparer.Ordinal)
    {
        [Api.Labels.Model] = names.ModelLabel,
        [Api.Labels.AppName] = "fleetops-worker",
        [Api.Labels.AppInstance] = names.ModelLabel,
        [Api.Labels.AppComponent] = "inference",
        [Api.Labels.AppPartOf] = "fleetops",
        [Api.Labels.AppManagedBy] = "fleetops",
    };

    /// <summary>The labels that select the worker pods.</summary>
    public Dictionary<string, string> SelectorLabels { get; } = new(1, StringComparer.Ordinal) { [Api.Labels.Model] = names.ModelLabel };

    public V1ObjectMeta For(string name) => new()
    {
        Name = name,
        NamespaceProperty = owner.Metadata.NamespaceProperty,
        Labels = Labels,
        OwnerReferences = _owners,
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
