namespace FleetOps.Api.Schema;

/// <summary>Makes <c>kubectl scale</c> and autoscalers work on the kind.</summary>
/// <param name="specReplicasPath">Where the wanted number is written.</param>
/// <param name="statusReplicasPath">Where the present number is read.</param>
/// <param name="labelSelectorPath">Where the selector of the pods is read.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class ScaleSubresourceAttribute(string specReplicasPath, string statusReplicasPath, string labelSelectorPath) : Attribute
{
    /// <summary>Where the wanted number is written.</summary>
    public string SpecReplicasPath { get; } = specReplicasPath;

    /// <summary>Where the present number is read.</summary>
    public string StatusReplicasPath { get; } = statusReplicasPath;

    /// <summary>Where the selector of the pods is read.</summary>
    public string LabelSelectorPath { get; } = labelSelectorPath;
}
