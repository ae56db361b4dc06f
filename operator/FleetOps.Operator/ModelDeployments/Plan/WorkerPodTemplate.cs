using System.Globalization;
using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The pod of a worker. It meets the <c>restricted</c> Pod Security profile, unless its cache is a HostPath.</summary>
internal static class WorkerPodTemplate
{
    /// <summary>What is the same in every worker of this version.</summary>
    public static readonly V1PodTemplateSpec Fixed = new()
    {
        Spec = new()
        {
            SecurityContext = new()
            {
                RunAsNonRoot = true,
                RunAsUser = WorkerContract.UserId,
                RunAsGroup = WorkerContract.UserId,
                FsGroup = WorkerContract.UserId,
                FsGroupChangePolicy = "OnRootMismatch",
                SeccompProfile = new() { Type = "RuntimeDefault" },
            },
            Containers =
            [
                new()
                {
                    Name = WorkerContract.ContainerName,
                    Ports =
                    [
                        new() { Name = WorkerContract.GrpcPortName, ContainerPort = WorkerContract.GrpcPort, Protocol = "TCP" },
                        new() { Name = WorkerContract.HttpPortName, ContainerPort = WorkerContract.HttpPort, Protocol = "TCP" },
                    ],
                    // The process answers long before the model is loaded, so that loading needs no long start-up probe.
                    StartupProbe = Probe("/healthz", periodSeconds: 1, failureThreshold: 60),
                    LivenessProbe = Probe("/healthz", periodSeconds: 10, failureThreshold: 6),
                    ReadinessProbe = Probe("/readyz", periodSeconds: 2, failureThreshold: 2),
                    SecurityContext = new()
                    {
                        AllowPrivilegeEscalation = false,
                        ReadOnlyRootFilesystem = true,
                        RunAsNonRoot = true,
                        Capabilities = new() { Drop = ["ALL"] },
                    },
                },
            ],
        },
    };

    private static readonly V1Container FixedContainer = Fixed.Spec.Containers[0];

    // Making a quantity takes a microsecond.
    private static readonly ResourceQuantity[] Counts = [.. Enumerable.Range(0, 17).Select(Count)];

    public static V1PodTemplateSpec For(ModelDeployment model, ChildNames names, ChildMetadata metadata, WorkerSettings settings)
    {
        var template = new V1PodTemplateSpec
        {
            Metadata = new() { Labels = With(metadata.Labels, model.Spec.Pod?.Labels), Annotations = Annotations(model) },
            Spec = PodSpec(model, names, metadata, settings),
        };
        template.Metadata.Annotations[Labels.TemplateHash] = TemplateHash.Of(template, model.Spec);
        return template;
    }

    private static Dictionary<string, string> Annotations(ModelDeployment model)
    {
        Dictionary<string, string> ours = new(2, StringComparer.Ordinal) { [Labels.ModelName] = model.Metadata.Name };
        return With(ours, model.Spec.Pod?.Annotations);
    }

    public static Dictionary<string, string> With(Dictionary<string, string> ours, IReadOnlyDictionary<string, string>? given)
    {
        if (given is not { Count: > 0 })
        {
            return ours;
        }

        Dictionary<string, string> all = new(ours, StringComparer.Ordinal);
        foreach (var (name, value) in given)
        {
            all.TryAdd(name, value);
        }

        return all;
    }

    private static V1PodSpec PodSpec(ModelDeployment model, ChildNames names, ChildMetadata metadata, WorkerSettings settings)
    {
        var spec = model.Spec;
        return new()
        {
            ServiceAccountName = spec.Pod?.ServiceAccountName ?? names.ServiceAccount,
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            RuntimeClassName = spec.Resources.RuntimeClassName,
            PriorityClassName = spec.Placement?.PriorityClassName,
            TerminationGracePeriodSeconds = WorkerContract.TerminationGracePeriodSeconds(spec.Rollout.DrainTimeoutSeconds),
            SecurityContext = Fixed.Spec.SecurityContext,
            ImagePullSecrets = PullSecrets(spec.Pod, settings),
            NodeSelector = spec.Placement?.NodeSelector is { Count: > 0 } labels ? new Dictionary<string, string>(labels, StringComparer.Ordinal) : null,
            Affinity = WorkerPlacement.Affinity(spec),
            Tolerations = WorkerPlacement.Tolerations(spec),
            TopologySpreadConstraints = WorkerPlacement.Spread(spec.Placement, metadata),
            Containers = [Container(model, settings)],
            Volumes = WorkerVolumes.For(spec),
        };
    }

    /// <summary>The model's own and those of the installation. These are of no use to an image that the model chose.</summary>
    public static List<V1LocalObjectReference>? PullSecrets(WorkerPodSpec? pod, WorkerSettings settings)
    {
        var own = pod?.ImagePullSecrets ?? [];
        var given = pod?.Image is null ? settings.ImagePullSecrets : [];
        return own.Count + given.Count == 0
            ? null
            : [.. own.Select(secret => secret.Name).Concat(given).Distinct(StringComparer.Ordinal).Select(name => new V1LocalObjectReference { Name = name })];
    }

    private static V1Container Container(ModelDeployment model, WorkerSettings settings)
    {
        var (image, pullPolicy) = model.Spec switch
        {
            // Of this one the installation knows nothing, so that Kubernetes' own default is best.
            { Pod.Image: { } own } => (own, null),
            { Resources.Gpus: > 0 } => (settings.CudaImage, settings.CudaImagePullPolicy),
            _ => (settings.Image, settings.ImagePullPolicy),
        };
        return new()
        {
            Name = FixedContainer.Name,
            Image = image,
            ImagePullPolicy = pullPolicy,
            Args = WorkerArguments.For(model.Metadata.Name, model.Spec, settings),
            Env = WorkerEnvironment.For(model.Spec.Pod),
            Ports = FixedContainer.Ports,
            StartupProbe = FixedContainer.StartupProbe,
            LivenessProbe = FixedContainer.LivenessProbe,
            ReadinessProbe = FixedContainer.ReadinessProbe,
            Resources = Resources(model.Spec.Resources),
            SecurityContext = FixedContainer.SecurityContext,
            VolumeMounts = WorkerVolumes.MountsFor(model.Spec),
        };
    }

    private static V1Probe Probe(string path, int periodSeconds, int failureThreshold) => new()
    {
        HttpGet = new() { Path = path, Port = WorkerContract.HttpPortName, Scheme = "HTTP" },
        PeriodSeconds = periodSeconds,
        TimeoutSeconds = 5,
        FailureThreshold = failureThreshold,
    };

    private static V1ResourceRequirements Resources(ResourcesSpec resources)
    {
        Dictionary<string, ResourceQuantity> amounts = new(3, StringComparer.Ordinal)
        {
            ["cpu"] = new(resources.Cpu),
            ["memory"] = new(resources.Memory),
        };
        if (resources.Gpus > 0)
        {
            amounts[resources.GpuResourceName] = resources.Gpus < Counts.Length ? Counts[resources.Gpus] : Count(resources.Gpus);
        }

        return new() { Requests = amounts, Limits = amounts };
    }

    private static ResourceQuantity Count(int count) => new(count.ToString(CultureInfo.InvariantCulture));
}
