using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>How many workers of a spec may be missing, as Kubernetes counts them.</summary>
internal static class RolloutRoom
{
    /// <summary>Workers that a rollout may leave out: a percentage counts whole workers, and one where otherwise nothing could ever move.</summary>
    public static int MaxUnavailable(ModelDeploymentSpec spec)
    {
        var count = Count(spec.Rollout.MaxUnavailable, spec.Replicas, isRoundedUp: false);
        return count == 0 && Count(spec.Rollout.MaxSurge, spec.Replicas, isRoundedUp: true) == 0 ? 1 : count;
    }

    /// <summary>Workers that must serve for the model to count as available; never more than are wanted, and at least one.</summary>
    public static int MinAvailable(ModelDeploymentSpec spec) =>
        Math.Max(1, Math.Min(spec.Replicas, spec.Disruption is { MinAvailable: { } wanted } ? Count(wanted, spec.Replicas, isRoundedUp: true) : 1));

    // A spec in bad form is refused elsewhere; here it counts for nothing.
    private static int Count(string text, int replicas, bool isRoundedUp)
    {
        if (!CountOrPercentage.IsValid(text))
        {
            return 0;
        }

        var number = int.Parse(text.AsSpan().TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture);
        return text is not [.., '%'] ? number : ((number * replicas) + (isRoundedUp ? 99 : 0)) / 100;
    }
}
