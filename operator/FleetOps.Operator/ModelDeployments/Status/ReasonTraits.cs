using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What follows from a reason: its cure, and whether waiting helps.</summary>
internal static class ReasonTraits
{
    // Not among them: what another cause outside may end, such as a new node, a registry that comes back or a source that is reachable again.
    private static readonly HashSet<string> Lasting = new(StringComparer.Ordinal)
    {
        Reasons.InvalidSpec, Reasons.LicenseNotAccepted, Reasons.PolicyViolation, Reasons.NameTaken, Reasons.ChildRefused, Reasons.SecretNotFound, Reasons.QuotaExceeded, Reasons.PodRefused,
        Reasons.RuntimeClassNotFound, Reasons.ContainerConfigInvalid, Reasons.CredentialsMissing, Reasons.SourceUnauthorized, Reasons.SourceNotFound,
        Reasons.DigestMismatch, Reasons.DiskFull, Reasons.InvalidGguf, Reasons.UnsupportedArchitecture, Reasons.CudaUnavailable,
        Reasons.OutOfMemory, Reasons.OutOfGpuMemory, Reasons.InsufficientGpuMemory, Reasons.LoadFailed, Reasons.InvalidConfiguration, Reasons.ProgressDeadlineExceeded,
    };

    private static readonly HashSet<string> BeforeVerification = new(StringComparer.Ordinal)
    {
        Reasons.SecretNotFound, Reasons.ClaimNotFound, Reasons.CredentialsMissing, Reasons.SourceUnauthorized, Reasons.SourceNotFound,
        Reasons.SourceUnreachable, Reasons.DigestMismatch, Reasons.DiskFull, Reasons.InvalidGguf, Reasons.InsufficientGpuMemory, Reasons.LicenseNotAccepted, Reasons.PolicyViolation,
    };

    private static readonly HashSet<string> AfterVerification = new(StringComparer.Ordinal)
    {
        Reasons.UnsupportedArchitecture, Reasons.OutOfGpuMemory, Reasons.LoadFailed, Reasons.EngineFailed,
    };

    private static readonly Dictionary<string, string> Cures = new(StringComparer.Ordinal)
    {
        [Reasons.LicenseNotAccepted] = "Set spec.model.license to the licence of the weights and accepted to true if you agree to it, and accept it at the source where that asks for it",
        [Reasons.PolicyViolation] = "Set spec.model.sha256, or have the policy of the installation changed (chart value operator.policy)",
        [Reasons.CredentialsMissing] = "Add the key to the Secret that spec.model.credentialsSecretRef names, or name one there",
        [Reasons.SourceUnauthorized] = "Put credentials that may read the source into the Secret that spec.model.credentialsSecretRef names",
        [Reasons.SourceNotFound] = "Correct spec.model.source (and spec.model.revision), or put the file there",
        [Reasons.SourceUnreachable] = "The worker tries again; if this lasts, check the address in spec.model.source and the network of the pod",
        [Reasons.DigestMismatch] = "Correct spec.model.sha256 if the file is the right one; otherwise do not use the file and correct spec.model.source",
        [Reasons.DiskFull] = "Free space on the node, give it a larger disk for ephemeral storage, or raise spec.cache.sizeLimit where that is set",
        [Reasons.InvalidGguf] = "Make spec.model.source name a whole GGUF file",
        [Reasons.UnsupportedArchitecture] = "Choose a model that the engine supports, or a newer FleetOps",
        [Reasons.CudaUnavailable] = "Make the node offer a GPU with its driver and runtime class (spec.resources), or set spec.engine.backend to Auto or Cpu",
        [Reasons.OutOfMemory] = "Raise spec.resources.memory, or lower spec.engine.contextLength or spec.engine.maxSequences",
        [Reasons.OutOfGpuMemory] = "Lower spec.engine.contextLength, maxSequences or gpuLayers, choose a smaller kvCacheType, or use a GPU with more memory",
        [Reasons.InsufficientGpuMemory] = "Choose a smaller quantization, lower spec.engine.contextLength, maxSequences or gpuLayers, choose a smaller kvCacheType, ask for more GPUs (spec.resources.gpus), or use larger ones",
        [Reasons.LoadFailed] = "Check the file and spec.engine; the worker's log has the engine's own words",
        [Reasons.EngineFailed] = "The worker is started again; its log (kubectl logs --previous) has the engine's own words",
        [Reasons.InvalidConfiguration] = "Correct the field of spec that the message names",
        [Reasons.CrashLoop] = "See the worker's log: kubectl logs --previous",
        [Reasons.PodEvicted] = "Another pod replaces it; if this repeats, relieve the node or raise spec.resources.memory",
        [Reasons.ProbeFailing] = "See the worker's log, and whether a network policy keeps the operator and the kubelet from port 8080",
        [Reasons.ImagePullFailed] = "Check the worker image that the operator was installed with (chart value images), the registry, and the node's access to it",
        [Reasons.ContainerConfigInvalid] = "See kubectl describe pod for the kubelet's own words",
        [Reasons.GpuUnavailable] = "Free GPUs, add a node with some, ask for fewer (spec.resources.gpus), or correct spec.resources.gpuResourceName",
        [Reasons.GpuNotOffered] = "Correct spec.resources (gpuResourceName, gpuProducts, minGpuMemory, gpus), or add a node with such GPUs and its device plugin",
        [Reasons.RolloutBlocked] = "Free a GPU (or whatever else it waits for), or set spec.rollout.maxUnavailable to 1 so that workers are replaced one by one, each after its drain",
        [Reasons.ClaimNotFound] = "Create the PersistentVolumeClaim that spec.model.source names, or let it be bound",
        [Reasons.Unschedulable] = "Make room on the nodes, add one, lower spec.resources, or correct spec.placement",
        [Reasons.QuotaExceeded] = "Raise the quota of the namespace, or lower spec.resources or spec.replicas",
        [Reasons.PodRefused] = "Change the rule of the cluster that refuses the pod, or the spec",
        [Reasons.RuntimeClassNotFound] = "Correct spec.resources.runtimeClassName, or create the RuntimeClass",
        [Reasons.ProgressDeadlineExceeded] = "See status.workers and the pods' logs for what they wait for",
        [Reasons.ChildRefused] = "Change what the API server names, or the operator's rights",
    };

    /// <summary>Whether it is a trouble rather than a step on the way.</summary>
    public static bool IsTrouble(string reason) => Cures.ContainsKey(reason) || Lasting.Contains(reason);

    /// <summary>Whether children may be missing because of it.</summary>
    public static bool WithholdsChildren(string reason) =>
        reason is Reasons.InvalidSpec or Reasons.LicenseNotAccepted or Reasons.PolicyViolation or Reasons.NameTaken or Reasons.ChildRefused or Reasons.SecretNotFound or Reasons.WaitingForRemoval;

    /// <summary>Whether no amount of waiting helps.</summary>
    public static bool NeedsChange(string reason) => Lasting.Contains(reason);

    /// <summary>True when the weights cannot have been verified yet, false when they must have been, null when it is open.</summary>
    public static bool? WeightsAreOpen(string reason) =>
        BeforeVerification.Contains(reason) ? true : AfterVerification.Contains(reason) ? false : null;

    /// <summary>A message of cause and cure: sentences that each end in a full stop, short enough for status.</summary>
    public static Trouble Describe(string reason, string subject, string cause)
    {
        const int longest = 600;
        const int longestWord = 150;
        cause = Text.Cut(Text.ShortenWords(cause.Trim().ReplaceLineEndings(" ").TrimEnd('.'), longestWord), longest);
        var cure = Cures.TryGetValue(reason, out var text) ? $" {text}." : "";
        return new(reason, $"{subject}: {cause}.{cure}") { Subject = subject, Cause = cause };
    }
}
