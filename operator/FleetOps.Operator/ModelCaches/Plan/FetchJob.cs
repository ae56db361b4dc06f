using FleetOps.Api;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>
/// The Job that fetches weights to one place: the worker's image, which fetches, verifies, leaves its findings and ends. Its pod meets the
/// <c>restricted</c> Pod Security profile unless the place is a node.
/// </summary>
internal static class FetchJob
{
    private const string GpuTaint = "nvidia.com/gpu";
    private const int Retries = 3;
    private const int SecondsToKeep = 24 * 3600;

    // What the worker's exit codes 64, 65, 66 and 77 stand for is the same at the next try.
    private static readonly V1PodFailurePolicy NoUse = new()
    {
        Rules = [new() { Action = "FailJob", OnExitCodes = new() { ContainerName = WorkerContract.ContainerName, OperatorProperty = "In", Values = [64, 65, 66, 77] } }],
    };

    private static readonly V1ResourceRequirements Resources = new()
    {
        Requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("100m"), ["memory"] = new("128Mi") },
        Limits = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["cpu"] = new("2"), ["memory"] = new("512Mi") },
    };

    /// <param name="cache">A ModelCache that keeps the rules.</param>
    /// <param name="place">Where to.</param>
    /// <param name="settings">The image.</param>
    public static V1Job For(ModelCache cache, FetchPlace place, WorkerSettings settings) => Job(cache, place.Node, place.Job, Arguments(cache.Spec, settings), settings);

    /// <summary>The Job that removes what was fetched to one place. It needs no credentials, and does not last for ever.</summary>
    /// <param name="cache">A ModelCache that is being deleted.</param>
    /// <param name="place">Where from.</param>
    /// <param name="name">Name of the Job.</param>
    /// <param name="settings">The image.</param>
    public static V1Job ToRemove(ModelCache cache, FetchPlace place, string name, WorkerSettings settings)
    {
        var (source, revision) = WeightsIdentity.Split(cache.Spec.Model);
        var open = new ModelCache { Metadata = cache.Metadata, Spec = cache.Spec with { Model = cache.Spec.Model with { CredentialsSecretRef = null } } };
        var job = Job(open, place.Node, name, ["remove", "--source", source, .. revision is null ? Array.Empty<string>() : ["--revision", revision]], settings);
        job.Spec.ActiveDeadlineSeconds = (long)RemovalPlanner.JobLimit.TotalSeconds;
        // Whoever waits for all that belongs to the ModelCache to be gone first must not take this for it.
        job.Metadata.OwnerReferences[0].BlockOwnerDeletion = null;
        return job;
    }

    private static V1Job Job(ModelCache cache, string? node, string name, List<string> arguments, WorkerSettings settings)
    {
        var labels = FetchLabels.Of(cache);
        Dictionary<string, string> annotations = new(2, StringComparer.Ordinal) { [Labels.CacheName] = cache.Metadata.Name, [Labels.CacheJob] = name };
        return new()
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = cache.Metadata.NamespaceProperty,
                Labels = labels,
                OwnerReferences = [Owners.ControllerReference(ModelCacheTypes.ModelCaches, cache)],
            },
            Spec = new()
            {
                BackoffLimit = Retries,
                PodFailurePolicy = NoUse,
                TtlSecondsAfterFinished = SecondsToKeep,
                Template = new()
                {
                    Metadata = new()
                    {
                        Labels = WorkerPodTemplate.With(labels, cache.Spec.Pod?.Labels),
                        Annotations = WorkerPodTemplate.With(annotations, cache.Spec.Pod?.Annotations),
                    },
                    Spec = Pod(cache.Spec, node, arguments, settings),
                },
            },
        };
    }

    private static V1PodSpec Pod(ModelCacheSpec spec, string? node, List<string> arguments, WorkerSettings settings)
    {
        // Volumes, credentials and variables are those that a worker with this cache would have.
        var worker = new ModelDeploymentSpec
        {
            Model = spec.Model,
            Cache = spec.Target.Nodes is { } nodes ? new() { Type = CacheType.HostPath, Path = nodes.Path } : new() { Type = CacheType.PersistentVolumeClaim, ClaimName = spec.Target.ClaimName },
            Pod = spec.Pod,
        };
        var given = WorkerPodTemplate.Fixed.Spec;
        return new()
        {
            RestartPolicy = "Never",
            ServiceAccountName = spec.Pod?.ServiceAccountName,
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            SecurityContext = given.SecurityContext,
            ImagePullSecrets = WorkerPodTemplate.PullSecrets(spec.Pod, settings),
            Affinity = node is null ? null : OnNode(node),
            Tolerations = spec.Target.Nodes is { } target ? Tolerations(target) : null,
            Containers =
            [
                new()
                {
                    Name = WorkerContract.ContainerName,
                    Image = spec.Pod?.Image ?? settings.Image,
                    ImagePullPolicy = spec.Pod?.Image is null ? settings.ImagePullPolicy : null,
                    Args = arguments,
                    Env = WorkerEnvironment.For(spec.Pod),
                    Ports = [new() { Name = WorkerContract.HttpPortName, ContainerPort = WorkerContract.HttpPort, Protocol = "TCP" }],
                    Resources = Resources,
                    SecurityContext = given.Containers[0].SecurityContext,
                    VolumeMounts = WorkerVolumes.MountsFor(worker),
                },
            ],
            Volumes = WorkerVolumes.For(worker),
        };
    }

    private static List<string> Arguments(ModelCacheSpec spec, WorkerSettings settings)
    {
        var (source, revision) = WeightsIdentity.Split(spec.Model);
        List<string> arguments = ["fetch", "--source", source];
        AddIfSet("--revision", revision);
        AddIfSet("--sha256", spec.Model.Sha256);
        arguments.AddRange(WorkerArguments.OfInstallation(spec.Model, settings));
        AddIfSet("--credentials", spec.Model.CredentialsSecretRef is null ? null : WorkerContract.CredentialsPath);
        AddIfSet("--model-dir-limit", spec.MaxSize);
        arguments.AddRange(["--state-port", WorkerContract.HttpPort.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        return arguments;

        void AddIfSet(string option, string? value)
        {
            if (value is not null)
            {
                arguments.AddRange([option, value]);
            }
        }
    }

    // The scheduler still decides, so that a node without room is told of rather than overfilled.
    private static V1Affinity OnNode(string node) => new()
    {
        NodeAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new()
            {
                NodeSelectorTerms = [new() { MatchFields = [new() { Key = "metadata.name", OperatorProperty = "In", Values = [node] }] }],
            },
        },
    };

    private static List<V1Toleration> Tolerations(CacheNodes nodes) =>
    [
        new() { Key = GpuTaint, OperatorProperty = "Exists", Effect = "NoSchedule" },
        .. WorkerPlacement.Given(nodes.Tolerations),
    ];
}
