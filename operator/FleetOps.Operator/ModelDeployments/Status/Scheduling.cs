using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>Why the scheduler finds no node for a pod: by its own words, and by what the nodes offer.</summary>
internal static class Scheduling
{
    /// <param name="pod">Its name, for the message.</param>
    /// <param name="condition">The pod's condition <c>PodScheduled</c>.</param>
    /// <param name="resources">What the pod asks for.</param>
    /// <param name="offers">What the nodes offer; null when that is not known, or the pod asks for something else than <paramref name="resources"/>.</param>
    public static Trouble? TroubleOf(string pod, V1PodCondition? condition, ResourcesSpec resources, GpuOffers? offers)
    {
        if (condition is not { Status: "False", Reason: "Unschedulable", Message: { } message })
        {
            return null;
        }

        var subject = $"Pod {pod}";
        message = message.Trim().TrimEnd('.');
        if (message.Contains("persistentvolumeclaim", StringComparison.OrdinalIgnoreCase))
        {
            return ReasonTraits.Describe(Reasons.ClaimNotFound, subject, $"no node can take it ({message})");
        }

        if (resources.Gpus > 0 && GpuSelection.WhyNone(offers, resources) is { } none)
        {
            return ReasonTraits.Describe(Reasons.GpuNotOffered, subject, $"{none} ({message})");
        }

        var reason = IsShortOf(message, resources.GpuResourceName) ? Reasons.GpuUnavailable : Reasons.Unschedulable;
        var taken = reason == Reasons.GpuUnavailable && offers is not null ? $", all GPUs that would do are in use or on nodes that cannot take it; {offers.Summary}" : "";
        return ReasonTraits.Describe(reason, subject, $"no node can take it ({message}){taken}") with { IsShortage = message.Contains("Insufficient ", StringComparison.Ordinal) };
    }

    // "Insufficient nvidia.com/gpu" must not be found in "Insufficient nvidia.com/gpu-shared".
    private static bool IsShortOf(string message, string resourceName)
    {
        var searched = $"Insufficient {resourceName}";
        for (var at = message.IndexOf(searched, StringComparison.Ordinal); at >= 0; at = message.IndexOf(searched, at + 1, StringComparison.Ordinal))
        {
            var end = at + searched.Length;
            if (end == message.Length || message[end] is ',' or '.' or ' ' or ')')
            {
                return true;
            }
        }

        return false;
    }
}
