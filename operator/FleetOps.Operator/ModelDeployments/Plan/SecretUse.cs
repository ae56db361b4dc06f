using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>A Secret that a spec names, without which no worker can start.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Field">The field that names it.</param>
internal readonly record struct SecretUse(string Name, string Field)
{
    /// <summary>All that a spec names.</summary>
    public static IEnumerable<SecretUse> Of(ModelDeploymentSpec spec)
    {
        if (spec.Model?.CredentialsSecretRef is { } credentials)
        {
            yield return new(credentials.Name, "spec.model.credentialsSecretRef");
        }

        if (spec.Service?.Tls is { } tls)
        {
            yield return new(tls.SecretRef.Name, "spec.service.tls.secretRef");
        }

        if (spec.Service?.TokenSecretRef is { } tokens)
        {
            yield return new(tokens.Name, "spec.service.tokenSecretRef");
        }
    }
}
