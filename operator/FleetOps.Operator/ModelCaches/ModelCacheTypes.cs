using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches;

/// <summary>The kinds that ModelCaches are made of, and the parts of them that are read.</summary>
internal static class ModelCacheTypes
{
    public static ResourceType<ModelCache> ModelCaches { get; } = new ResourceType<ModelCache>(
        ModelCache.GroupName, ModelCache.VersionName, ModelCache.Plural, ModelCache.KindName, FleetOpsJson.Default.ModelCache)
        .Without(static (_, _) => false);

    /// <summary>Jobs, of which only the owner and the status are read.</summary>
    public static ResourceType<V1Job> ObservedJobs { get; } = BuiltInTypes.Jobs.Without(static (type, field) =>
        (type == typeof(V1Job) && field == "spec") || (type == typeof(V1JobStatus) && field is not ("active" or "conditions")));

    /// <summary>The Jobs of ModelCaches and their pods, by label.</summary>
    public static WatchScope Own { get; } = new() { LabelSelector = Labels.Cache };
}
