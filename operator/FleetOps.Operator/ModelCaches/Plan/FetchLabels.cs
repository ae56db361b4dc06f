using FleetOps.Api;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>The labels of what belongs to a ModelCache.</summary>
internal static class FetchLabels
{
    public static Dictionary<string, string> Of(ModelCache cache)
    {
        var label = FetchNames.Label(cache.Metadata.Name);
        return new(6, StringComparer.Ordinal)
        {
            [Labels.Cache] = label,
            [Labels.AppName] = "fleetops-worker",
            [Labels.AppInstance] = label,
            [Labels.AppComponent] = "model-cache",
            [Labels.AppPartOf] = "fleetops",
            [Labels.AppManagedBy] = "fleetops",
        };
    }
}
