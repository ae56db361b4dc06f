using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using FleetOps.Api;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The pod of a worker. It meets the <c>restricted</c> Pod Security profile.</summary>
internal static class WorkerPodTemplate
{
    public static V1PodTemplateSpec For(ModelDeployment model, ChildNames names, WorkerSettings settings)
    {
        var template = new V1PodTemplateSpec
        {
            Metadata = new() { Labels = ChildMetadata.LabelsFor(names), Annotations = new Dictionary<string, string>(StringComparer.Ordinal) },
            Spec = PodSpec(model, names, settings),
        };
        template.Metadata.Annotations[Labels.ModelName] = model.Metadata.Name;
        template.Metadata.Annotations[Labels.TemplateHash] = Hash(template);
        return template;
    }

    // Marks the pods of this very template, which status must tell from those of an earlier one.
    private static string Hash(V1PodTemplateSpec template) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(template, SourceGenerationContext.Default.V1PodTemplateSpec)))[..16];

    private static V1PodSpec PodSpec(ModelDeployment model, ChildNames names, WorkerSettings settings) => new()
    {
        ServiceAccountName = names.ServiceAccount,
        AutomountServiceAccountToken = false,
        EnableServiceLinks = false,
        RuntimeClassName = model.Spec.Resources.RuntimeClassName,
        TerminationGracePeriodSeconds = WorkerContract.TerminationGracePeriodSeconds,
        SecurityContext = new()
        {
            RunAsNonRoot = true,
            RunAsUser = WorkerContract.UserId,
            RunAsGroup = WorkerContract.UserId,
            FsGroup = WorkerContract.UserId,
            FsGroupChangePolicy = "OnRootMismatch",
            SeccompProfile = new() { Type = "RuntimeDefault" },
        },
        Containers = [Container(model, settings)],
        Volumes = Volumes(model.Spec.Model),
    };

    private static V1Container Container(ModelDeployment model, WorkerSettings settings) => new()
    {
        Name = WorkerContract.ContainerName,
        Image = model.Spec.Resources.Gpus > 0 ? settings.CudaImage : settings.Image,
        ImagePullPolicy = model.Spec.Resources.Gpus > 0 ? settings.CudaImagePullPolicy : settings.ImagePullPolicy,
        Args = WorkerArguments.For(model.Metadata.Name, model.Spec),
        Ports =
        [
            new() { Name = WorkerContract.GrpcPortName, ContainerPort = WorkerContract.GrpcPort, Protocol = "TCP" },
            new() { Name = WorkerContract.HttpPortName, ContainerPort = WorkerContract.HttpPort, Protocol = "TCP" },
        ],
        // The process answers long before the model is loaded, so that loading needs no long start-up probe.
        StartupProbe = Probe("/healthz", periodSeconds: 1, failureThreshold: 60),
        LivenessProbe = Probe("/healthz", periodSeconds: 10, failureThreshold: 6),
        ReadinessProbe = Probe("/readyz", periodSeconds: 2, failureThreshold: 2),
        Resources = Resources(model.Spec.Resources),
        SecurityContext = new()
        {
            AllowPrivilegeEscalation = false,
            ReadOnlyRootFilesystem = true,
            RunAsNonRoot = true,
            Capabilities = new() { Drop = ["ALL"] },
        },
        VolumeMounts = VolumeMounts(model.Spec.Model),
    };

    private static V1Probe Probe(string path, int periodSeconds, int failureThreshold) => new()
    {
        HttpGet = new() { Path = path, Port = WorkerContract.HttpPortName, Scheme = "HTTP" },
        PeriodSeconds = periodSeconds,
        TimeoutSeconds = 5,
        FailureThreshold = failureThreshold,
    };

    private static V1ResourceRequirements Resources(ResourcesSpec resources)
    {
        Dictionary<string, ResourceQuantity> amounts = new(StringComparer.Ordinal)
        {
            ["cpu"] = new(resources.Cpu),
            ["memory"] = new(resources.Memory),
        };
        if (resources.Gpus > 0)
        {
            amounts[resources.GpuResourceName] = new(resources.Gpus.ToString(CultureInfo.InvariantCulture));
        }

        return new() { Requests = amounts, Limits = new Dictionary<string, ResourceQuantity>(amounts, StringComparer.Ordinal) };
    }

    private static List<V1Volume> Volumes(ModelReference model)
    {
        List<V1Volume> volumes =
        [
            new() { Name = "models", EmptyDir = new() },
            new() { Name = "tmp", EmptyDir = new() },
        ];
        if (ClaimOf(model) is { } claim)
        {
            volumes.Add(new() { Name = "claim", PersistentVolumeClaim = new() { ClaimName = claim, ReadOnlyProperty = true } });
        }

        if (model.CredentialsSecretRef is { } secret)
        {
            volumes.Add(new() { Name = "credentials", Secret = new() { SecretName = secret.Name, DefaultMode = 0b100_100_000 } });
        }

        return volumes;
    }

    private static List<V1VolumeMount> VolumeMounts(ModelReference model)
    {
        List<V1VolumeMount> mounts =
        [
            new() { Name = "models", MountPath = WorkerContract.ModelsPath },
            new() { Name = "tmp", MountPath = "/tmp" },
        ];
        if (ClaimOf(model) is { } claim)
        {
            mounts.Add(new() { Name = "claim", MountPath = $"{WorkerContract.ClaimsPath}/{claim}", ReadOnlyProperty = true });
        }

        if (model.CredentialsSecretRef is not null)
        {
            mounts.Add(new() { Name = "credentials", MountPath = WorkerContract.CredentialsPath, ReadOnlyProperty = true });
        }

        return mounts;
    }

    private static string? ClaimOf(ModelReference model)
    {
        const string scheme = "pvc://";
        return model.Source.StartsWith(scheme, StringComparison.Ordinal)
            ? model.Source[scheme.Length..model.Source.IndexOf('/', scheme.Length)]
            : null;
    }
}
