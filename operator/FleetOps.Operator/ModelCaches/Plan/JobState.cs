using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>What a Job says of itself.</summary>
internal static class JobState
{
    public static bool IsComplete(V1Job job) => Has(job, "Complete") is not null;

    /// <summary>The condition of a Job that has given up; null while it has not.</summary>
    public static V1JobCondition? Failure(V1Job job) => Has(job, "Failed");

    public static bool IsOver(V1Job job) => IsComplete(job) || Failure(job) is not null;

    public static bool IsEnding(V1Job job) => job.Metadata.DeletionTimestamp is not null;

    private static V1JobCondition? Has(V1Job job, string type)
    {
        foreach (var condition in job.Status?.Conditions ?? [])
        {
            if (condition.Type == type && condition.Status == "True")
            {
                return condition;
            }
        }

        return null;
    }
}
