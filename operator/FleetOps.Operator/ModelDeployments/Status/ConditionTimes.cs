using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Adds the times of transition: a condition whose status is as before keeps its time, any other gets the present one.</summary>
internal static class ConditionTimes
{
    public static ModelDeploymentStatus Stamp(ModelDeploymentStatus planned, ModelDeploymentStatus? previous, DateTimeOffset now) =>
        planned with { Conditions = Stamp(planned.Conditions, previous?.Conditions, now) };

    public static ModelCacheStatus Stamp(ModelCacheStatus planned, ModelCacheStatus? previous, DateTimeOffset now) =>
        planned with { Conditions = Stamp(planned.Conditions, previous?.Conditions, now) };

    private static IReadOnlyList<Condition> Stamp(IReadOnlyList<Condition>? planned, IReadOnlyList<Condition>? previous, DateTimeOffset now)
    {
        // Kubernetes' times have whole seconds; a fraction would be lost on the way and look like a difference.
        var time = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()).UtcDateTime;
        return
        [
            .. (planned ?? []).Select(condition => previous?.FirstOrDefault(p => p.Type == condition.Type) is { } before && before.Status == condition.Status
                ? condition with { LastTransitionTime = before.LastTransitionTime }
                : condition with { LastTransitionTime = time }),
        ];
    }
}
