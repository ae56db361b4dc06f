using System.Security.Cryptography;
using System.Text.Json;
using FleetOps.Api;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// Marks the pods of a template, which status must tell from those of an earlier one. The hash is part of the template, so that a change of
/// this function replaces every worker of every installation: leave it as it is, and add what is new as fields that may be absent.
/// </summary>
internal static class TemplateHash
{
    // The parts that all templates share are hashed once.
    private static readonly byte[] FixedParts = SHA256.HashData(
        JsonSerializer.SerializeToUtf8Bytes(WorkerPodTemplate.Fixed, SourceGenerationContext.Default.V1PodTemplateSpec));

    /// <param name="template">The template, without the hash.</param>
    /// <param name="spec">What it was made from: quantities are taken from here, because the text of a parsed one costs more than all else.</param>
    public static string Of(V1PodTemplateSpec template, ModelDeploymentSpec spec)
    {
        var fields = new TemplateFields();
        try
        {
            fields.Add("fixed", FixedParts.AsSpan());
            fields.Add("labels", template.Metadata.Labels);
            fields.Add("annotations", template.Metadata.Annotations);
            AddPod(ref fields, template.Spec);
            AddContainer(ref fields, template.Spec.Containers[0]);
            AddQuantities(ref fields, spec);
            return fields.Digest();
        }
        finally
        {
            fields.Dispose();
        }
    }

    private static void AddPod(ref TemplateFields fields, V1PodSpec pod)
    {
        fields.Add("serviceAccountName", pod.ServiceAccountName);
        fields.Add("automountServiceAccountToken", pod.AutomountServiceAccountToken);
        fields.Add("enableServiceLinks", pod.EnableServiceLinks);
        fields.Add("runtimeClassName", pod.RuntimeClassName);
        fields.Add("priorityClassName", pod.PriorityClassName);
        fields.Add("terminationGracePeriodSeconds", pod.TerminationGracePeriodSeconds);
        fields.Add("nodeSelector", pod.NodeSelector);
        if (pod.Affinity is { } affinity)
        {
            fields.Add("affinity", JsonSerializer.SerializeToUtf8Bytes(affinity, SourceGenerationContext.Default.V1Affinity).AsSpan());
        }

        fields.Begin("imagePullSecrets", pod.ImagePullSecrets?.Count ?? 0);
        foreach (var secret in pod.ImagePullSecrets ?? [])
        {
            fields.Add("name", secret.Name);
        }

        fields.Begin("tolerations", pod.Tolerations?.Count ?? 0);
        foreach (var toleration in pod.Tolerations ?? [])
        {
            fields.Begin("toleration", 1);
            fields.Add("key", toleration.Key);
            fields.Add("operator", toleration.OperatorProperty);
            fields.Add("value", toleration.Value);
            fields.Add("effect", toleration.Effect);
            fields.Add("tolerationSeconds", toleration.TolerationSeconds);
        }

        fields.Begin("topologySpreadConstraints", pod.TopologySpreadConstraints?.Count ?? 0);
        foreach (var constraint in pod.TopologySpreadConstraints ?? [])
        {
            fields.Add("topologyKey", constraint.TopologyKey);
            fields.Add("whenUnsatisfiable", constraint.WhenUnsatisfiable);
            fields.Add("maxSkew", constraint.MaxSkew);
            fields.Add("matchLabels", constraint.LabelSelector.MatchLabels);
        }

        fields.Begin("volumes", pod.Volumes.Count);
        foreach (var volume in pod.Volumes)
        {
            fields.Add("name", volume.Name);
            fields.Begin("emptyDir", volume.EmptyDir is null ? 0 : 1);
            fields.Add("claimName", volume.PersistentVolumeClaim?.ClaimName);
            fields.Add("readOnly", volume.PersistentVolumeClaim?.ReadOnlyProperty);
            fields.Add("path", volume.HostPath?.Path);
            fields.Add("type", volume.HostPath?.Type);
            fields.Add("secretName", volume.Secret?.SecretName);
            fields.Add("defaultMode", volume.Secret?.DefaultMode);
        }
    }

    private static void AddContainer(ref TemplateFields fields, V1Container container)
    {
        fields.Add("image", container.Image);
        fields.Add("imagePullPolicy", container.ImagePullPolicy);
        fields.Add("args", container.Args);
        fields.Begin("env", container.Env?.Count ?? 0);
        foreach (var variable in container.Env ?? [])
        {
            fields.Add("name", variable.Name);
            fields.Add("value", variable.Value);
            fields.Add("secretName", variable.ValueFrom?.SecretKeyRef?.Name);
            fields.Add("secretKey", variable.ValueFrom?.SecretKeyRef?.Key);
            fields.Add("secretOptional", variable.ValueFrom?.SecretKeyRef?.Optional);
            fields.Add("configMapName", variable.ValueFrom?.ConfigMapKeyRef?.Name);
            fields.Add("configMapKey", variable.ValueFrom?.ConfigMapKeyRef?.Key);
            fields.Add("configMapOptional", variable.ValueFrom?.ConfigMapKeyRef?.Optional);
        }

        fields.Begin("volumeMounts", container.VolumeMounts.Count);
        foreach (var mount in container.VolumeMounts)
        {
            fields.Add("mount", mount.Name);
            fields.Add("mountPath", mount.MountPath);
            fields.Add("readOnly", mount.ReadOnlyProperty);
        }
    }

    private static void AddQuantities(ref TemplateFields fields, ModelDeploymentSpec spec)
    {
        fields.Add("cpu", spec.Resources.Cpu);
        fields.Add("memory", spec.Resources.Memory);
        if (spec.Resources.Gpus > 0)
        {
            fields.Add("gpuResourceName", spec.Resources.GpuResourceName);
            fields.Add("gpus", spec.Resources.Gpus);
        }

        fields.Add("sizeLimit", spec.Cache.SizeLimit);
    }
}
