using FleetOps.Api;
using FleetOps.ControllerRuntime;

namespace FleetOps.Operator.ModelDeployments;

/// <summary>The kinds of FleetOps itself.</summary>
internal static class ModelDeploymentTypes
{
    public static ResourceType<ModelDeployment> ModelDeployments { get; } = new(
        ModelDeployment.GroupName, ModelDeployment.VersionName, ModelDeployment.Plural, ModelDeployment.KindName, FleetOpsJson.Default.ModelDeployment);
}
