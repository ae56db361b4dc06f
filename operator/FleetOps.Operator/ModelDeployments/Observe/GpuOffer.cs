namespace FleetOps.Operator.ModelDeployments.Observe;

/// <summary>GPUs of one kind that nodes of the cluster offer, in use or not.</summary>
/// <param name="ResourceName">The extended resource, such as nvidia.com/gpu.</param>
/// <param name="Product">The nodes' label nvidia.com/gpu.product; null where it is not set.</param>
/// <param name="MemoryMiB">The nodes' label nvidia.com/gpu.memory, in MiB for each GPU; null where it is not set.</param>
/// <param name="Nodes">How many nodes offer them.</param>
/// <param name="Total">How many there are on all nodes.</param>
/// <param name="MostOnOneNode">How many the best node has: a worker can get no more.</param>
internal sealed record GpuOffer(string ResourceName, string? Product, long? MemoryMiB, int Nodes, long Total, long MostOnOneNode);
