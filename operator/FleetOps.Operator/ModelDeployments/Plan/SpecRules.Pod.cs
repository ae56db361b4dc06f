using System.Text.Json;
using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

internal static partial class SpecRules
{
    private const string OurPrefix = "fleetops.dev/";

    public static string? PodViolation(WorkerPodSpec pod) =>
        AnyOfOurs(pod.Labels) || pod.Labels?.Keys.Any(IsSetLabel) == true ? SpecMessages.PodLabels
        : AnyOfOurs(pod.Annotations) ? SpecMessages.PodAnnotations
        : EnvViolation(pod.Env ?? []);

    private static string? EnvViolation(IReadOnlyList<EnvVariable> variables)
    {
        foreach (var variable in variables)
        {
            var violation = variable switch
            {
                _ when variable.Name.StartsWith("FLEETOPS_", StringComparison.Ordinal) => SpecMessages.EnvName,
                { Value: not null, ValueFrom: not null } => SpecMessages.EnvValueOrSource,
                { ValueFrom: { SecretKeyRef: null, ConfigMapKeyRef: null } or { SecretKeyRef: not null, ConfigMapKeyRef: not null } } => SpecMessages.EnvOneSource,
                _ => null,
            };
            if (violation is not null)
            {
                return violation;
            }
        }

        return null;
    }

    // The schema takes it as it is; here alone it is read.
    private static string? AffinityViolation(PlacementSpec placement)
    {
        try
        {
            WorkerPlacement.Given(placement);
            return null;
        }
        catch (JsonException e)
        {
            return $"{SpecMessages.Affinity}; {e.Path?.Replace("$", "spec.placement.affinity", StringComparison.Ordinal)} is unknown there or of another type";
        }
    }

    private static bool AnyOfOurs(IReadOnlyDictionary<string, string>? entries)
    {
        foreach (var (name, _) in entries ?? new Dictionary<string, string>())
        {
            if (name.StartsWith(OurPrefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSetLabel(string name) =>
        name is Labels.AppName or Labels.AppInstance or Labels.AppComponent or Labels.AppPartOf or Labels.AppManagedBy or "pod-template-hash";
}
