using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>A Secret or a ConfigMap that holds a value.</summary>
[CelRule("has(self.secretKeyRef) != has(self.configMapKeyRef)", SpecMessages.EnvOneSource)]
[SchemaRule("""{"not":{"allOf":[{"not":{"required":["secretKeyRef"]}},{"not":{"required":["configMapKeyRef"]}}]}}""")]
[SchemaRule("""{"not":{"required":["secretKeyRef","configMapKeyRef"]}}""")]
public sealed record EnvSource
{
    /// <summary>A key of a Secret in the namespace of the ModelDeployment.</summary>
    public KeyReference? SecretKeyRef { get; init; }

    /// <summary>A key of a ConfigMap in the namespace of the ModelDeployment.</summary>
    public KeyReference? ConfigMapKeyRef { get; init; }
}
