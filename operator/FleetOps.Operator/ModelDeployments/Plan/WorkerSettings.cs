namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>What the installation decides about workers.</summary>
/// <param name="Image">Image of workers on the CPU.</param>
/// <param name="CudaImage">Image of workers with GPUs.</param>
/// <param name="ImagePullPolicy">Kubernetes' pull policy for both; null for Kubernetes' own default.</param>
internal sealed record WorkerSettings(string Image, string CudaImage, string? ImagePullPolicy = null);
