using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Status;

namespace FleetOps.Operator.ModelCaches.Status;

/// <summary>The cures of troubles where those of a ModelDeployment name fields that a ModelCache has not.</summary>
internal static class FetchCures
{
    private static readonly Dictionary<string, string> Cures = new(StringComparer.Ordinal)
    {
        [Reasons.DiskFull] = "Free space at the target, enlarge the claim, or set spec.maxSize so that what is not used makes room",
        [Reasons.ClaimNotFound] = "Create the PersistentVolumeClaim that spec.target.claimName names, or let it be bound",
        [Reasons.Unschedulable] = "Make room on the nodes, or tolerate their taints (spec.target.nodes.tolerations)",
        [Reasons.OutOfMemory] = "Raise the memory that the namespace allows; fetching needs less than 512Mi",
        [Reasons.CrashLoop] = "See the log of the Job's pods: kubectl logs",
        [Reasons.PodEvicted] = "Another pod replaces it; if this repeats, relieve the node",
    };

    public static Trouble? For(Trouble? trouble) =>
        trouble is { Cause.Length: > 0 } && Cures.TryGetValue(trouble.Reason, out var cure)
            ? trouble with { Message = $"{trouble.Subject}: {trouble.Cause}. {cure}." }
            : trouble;

    /// <summary>The same for a Job that does not try again.</summary>
    public static Trouble GivenUp(Trouble trouble, string job)
    {
        var cured = For(trouble)!;
        return cured with { Message = $"{cured.Message} Then delete Job {job}, and it is tried again; it is anyway after a day." };
    }
}
