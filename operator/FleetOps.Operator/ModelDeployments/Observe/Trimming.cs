using FleetOps.Api;
using FleetOps.ControllerRuntime;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>Drops from objects, before they are stored, what is never read: with 10,000 models, memory is mostly that.</summary>
internal static class Trimming
{
    /// <summary>Keeps of a pod whose it is, where it is and how it is.</summary>
    public static void Trim(V1Pod pod)
    {
        var node = pod.Spec?.NodeName;
        TrimMetadata(pod.Metadata, Labels.ModelName, Labels.TemplateHash, Labels.CacheName, Labels.CacheJob);
        pod.Metadata.Labels = null;
        if (node is not null)
        {
            WorkerPods.Keep(pod, SharedStrings.Of(node));
        }

        pod.Spec = null;
        if (pod.Status is not { } status)
        {
            return;
        }

        // Worker pods have one container each; of others, nothing is told.
        status.ContainerStatuses = status.ContainerStatuses?.Where(container => container.Name == Plan.WorkerContract.ContainerName).ToList();
        foreach (var container in status.ContainerStatuses ?? [])
        {
            container.Name = Plan.WorkerContract.ContainerName;
            container.Image = SharedStrings.Of(container.Image);
            container.ImageID = null;
            container.Resources = null;
            container.AllocatedResources = null;
            container.VolumeMounts = null;
        }

        foreach (var condition in status.Conditions ?? [])
        {
            condition.Type = SharedStrings.Of(condition.Type);
            condition.Status = SharedStrings.Of(condition.Status);
            condition.Reason = SharedStrings.Of(condition.Reason);
            condition.Message = SharedStrings.Of(condition.Message);
        }

        pod.Status = new()
        {
            Phase = SharedStrings.Of(status.Phase),
            Reason = status.Reason,
            Message = status.Message,
            PodIP = status.PodIP,
            Conditions = status.Conditions?.Where(condition => condition.Type == "Ready" || (condition.Type == "PodScheduled" && condition.Status != "True")).ToList(),
            ContainerStatuses = status.ContainerStatuses,
            InitContainerStatuses = status.InitContainerStatuses is { Count: > 0 } ? status.InitContainerStatuses : null,
        };
    }

    /// <summary>Keeps of a node its labels, by which it is selected and which tell of its GPUs, what can be asked of it, and which machine it is.</summary>
    public static void Trim(V1Node node)
    {
        var labels = node.Metadata.Labels;
        TrimMetadata(node.Metadata);
        node.Metadata.Annotations = null;
        node.Metadata.Labels = labels?.ToDictionary(label => SharedStrings.Of(label.Key), label => SharedStrings.Of(label.Value), StringComparer.Ordinal);
        node.Spec = null;
        node.Status = new() { Allocatable = node.Status?.Allocatable, NodeInfo = node.Status?.NodeInfo };
    }

    /// <summary>Keeps of a claim who it is and who may mount it.</summary>
    public static void Trim(V1PersistentVolumeClaim claim)
    {
        TrimMetadata(claim.Metadata);
        claim.Spec = new() { AccessModes = claim.Spec?.AccessModes is { } modes ? [.. modes.Select(SharedStrings.Of)] : null };
    }

    /// <summary>Keeps of a Secret that it exists. Its annotations may hold its values (<c>kubectl apply</c> writes them there).</summary>
    public static void Trim(V1Secret secret)
    {
        TrimMetadata(secret.Metadata);
        secret.Data = null;
        secret.StringData = null;
        secret.Type = null;
    }

    /// <summary>Drops what others noted on a ModelDeployment, and keeps one instance of what many say alike.</summary>
    public static void Trim(ModelDeployment model)
    {
        TrimMetadata(model.Metadata);
        if (model.Spec is { } spec)
        {
            // Most specs leave most to the defaults.
            spec.Engine = SharedRecords<EngineSpec>.Of(spec.Engine);
            spec.Resources = SharedRecords<ResourcesSpec>.Of(spec.Resources);
            spec.Rollout = SharedRecords<RolloutSpec>.Of(spec.Rollout);
            spec.Cache = SharedRecords<CacheSpec>.Of(spec.Cache);
            spec.Service = SharedRecords<ServiceSpec>.Of(spec.Service);
        }

        if (model.Status is { } status)
        {
            model.Status = status with
            {
                Phase = SharedStrings.Of(status.Phase),
                Ready = SharedStrings.Of(status.Ready),
                Model = SharedRecords<ServedModel>.Of(status.Model),
                Workers = status.Workers is null ? null : [.. status.Workers.Select(Shared)],
                Conditions = status.Conditions is null ? null : [.. status.Conditions.Select(Shared)],
            };
        }
    }

    /// <summary>Keeps of a Job whose it is and what became of it.</summary>
    public static void Trim(V1Job job)
    {
        var owners = job.Metadata.OwnerReferences;
        TrimMetadata(job.Metadata);
        job.Metadata.OwnerReferences = owners;
        job.Spec = null;
        job.Status = new() { Active = job.Status?.Active, Conditions = job.Status?.Conditions };
    }

    private static WorkerStatus Shared(WorkerStatus worker) => worker with
    {
        Node = SharedStrings.Of(worker.Node),
        Phase = SharedStrings.Of(worker.Phase),
        Reason = SharedStrings.Of(worker.Reason),
        Message = SharedStrings.Of(worker.Message),
    };

    private static Condition Shared(Condition condition) => condition with
    {
        Type = SharedStrings.Of(condition.Type),
        Status = SharedStrings.Of(condition.Status),
        Reason = SharedStrings.Of(condition.Reason),
        Message = SharedStrings.Of(condition.Message),
    };

    private static void TrimMetadata(V1ObjectMeta metadata, params ReadOnlySpan<string> kept)
    {
        metadata.NamespaceProperty = SharedStrings.Of(metadata.NamespaceProperty);
        metadata.Labels = Keep(metadata.Labels, kept);
        metadata.Annotations = Keep(metadata.Annotations, kept);
        metadata.OwnerReferences = null;
        metadata.GenerateName = null;
        metadata.SelfLink = null;
    }

    private static Dictionary<string, string>? Keep(IDictionary<string, string>? all, ReadOnlySpan<string> kept)
    {
        if (all is null)
        {
            return null;
        }

        Dictionary<string, string>? some = null;
        foreach (var name in kept)
        {
            if (all.TryGetValue(name, out var value))
            {
                (some ??= new(StringComparer.Ordinal))[name] = SharedStrings.Of(value);
            }
        }

        return some;
    }
}
