using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>Which weights a spec means, whichever of its ways it chose to say so.</summary>
internal static class WeightsIdentity
{
    private const string Hub = "hf://";
    private const string Bucket = "s3://";

    /// <summary>The source without the revision that stands after its @, and the revision; null where none is named.</summary>
    public static (string Source, string? Revision) Split(ModelReference model) =>
        model.Source.StartsWith(Hub, StringComparison.Ordinal) && model.Source.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at
            ? (model.Source[..at], model.Revision ?? model.Source[(at + 1)..])
            : (model.Source, model.Revision);

    /// <summary>The same text for all specs whose workers keep the weights in the same place of a volume. Digests are left out: see <see cref="Agree"/>.</summary>
    public static string Of(ModelReference model, WorkerPodSpec? pod)
    {
        var (source, revision) = Split(model);
        var (variable, fallback) = source.StartsWith(Hub, StringComparison.Ordinal) ? ("HF_ENDPOINT", "HF_ENDPOINT")
            : source.StartsWith(Bucket, StringComparison.Ordinal) ? ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            : (null, null);
        var endpoint = variable is null ? null : Value(pod, variable) ?? Value(pod, fallback!);
        var named = revision ?? (source.StartsWith(Hub, StringComparison.Ordinal) ? "main" : null);
        return endpoint is null && named is null ? source : $"{source}\n{named}\n{endpoint}";
    }

    /// <summary>Whether two specs do not contradict each other in what the digest has to be.</summary>
    public static bool Agree(ModelReference one, ModelReference other) => one.Sha256 is null || other.Sha256 is null || one.Sha256 == other.Sha256;

    private static string? Value(WorkerPodSpec? pod, string variable)
    {
        foreach (var given in pod?.Env ?? [])
        {
            if (given.Name == variable)
            {
                return given.Value;
            }
        }

        return null;
    }
}
