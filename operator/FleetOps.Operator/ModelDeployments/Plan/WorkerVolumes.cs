using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What a worker reads and writes: fetched weights, temporary files, the claim that holds the model, and Secrets.</summary>
internal static class WorkerVolumes
{
    private const string Models = "models";
    private const string Temporary = "tmp";
    private const string Claim = "claim";
    private const string Credentials = "credentials";
    private const string Tls = "tls";
    private const string Tokens = "tokens";

    // Read by owner and group alone.
    private const int SecretMode = 0b100_100_000;

    public static List<V1Volume> For(ModelDeploymentSpec spec)
    {
        List<V1Volume> volumes =
        [
            Cache(spec.Cache),
            new() { Name = Temporary, EmptyDir = new() },
        ];
        if (ClaimOf(spec.Model) is { } claim)
        {
            volumes.Add(new() { Name = Claim, PersistentVolumeClaim = new() { ClaimName = claim, ReadOnlyProperty = true } });
        }

        AddSecret(Credentials, spec.Model.CredentialsSecretRef);
        AddSecret(Tls, spec.Service.Tls?.SecretRef);
        AddSecret(Tokens, spec.Service.TokenSecretRef);
        return volumes;

        void AddSecret(string name, SecretReference? secret)
        {
            if (secret is not null)
            {
                volumes.Add(new() { Name = name, Secret = new() { SecretName = secret.Name, DefaultMode = SecretMode } });
            }
        }
    }

    public static List<V1VolumeMount> MountsFor(ModelDeploymentSpec spec)
    {
        List<V1VolumeMount> mounts =
        [
            new() { Name = Models, MountPath = WorkerContract.ModelsPath },
            new() { Name = Temporary, MountPath = "/tmp" },
        ];
        if (ClaimOf(spec.Model) is { } claim)
        {
            mounts.Add(new() { Name = Claim, MountPath = $"{WorkerContract.ClaimsPath}/{claim}", ReadOnlyProperty = true });
        }

        AddSecret(Credentials, WorkerContract.CredentialsPath, spec.Model.CredentialsSecretRef);
        AddSecret(Tls, WorkerContract.TlsPath, spec.Service.Tls?.SecretRef);
        AddSecret(Tokens, WorkerContract.TokensPath, spec.Service.TokenSecretRef);
        return mounts;

        void AddSecret(string name, string path, SecretReference? secret)
        {
            if (secret is not null)
            {
                mounts.Add(new() { Name = name, MountPath = path, ReadOnlyProperty = true });
            }
        }
    }

    private static V1Volume Cache(CacheSpec cache) => cache.Type switch
    {
        CacheType.PersistentVolumeClaim => new() { Name = Models, PersistentVolumeClaim = new() { ClaimName = cache.ClaimName } },
        CacheType.HostPath => new() { Name = Models, HostPath = new() { Path = cache.Path, Type = "DirectoryOrCreate" } },
        _ => new() { Name = Models, EmptyDir = cache.SizeLimit is { } limit ? new() { SizeLimit = new(limit) } : new() },
    };

    /// <summary>The claim that holds the model; null when it comes from elsewhere.</summary>
    public static string? ClaimOf(ModelReference model)
    {
        const string scheme = "pvc://";
        return model.Source.StartsWith(scheme, StringComparison.Ordinal)
            ? model.Source[scheme.Length..model.Source.IndexOf('/', scheme.Length)]
            : null;
    }
}
