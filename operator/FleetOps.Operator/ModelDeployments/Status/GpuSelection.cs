using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What a spec asks of GPUs, held against what the nodes offer.</summary>
internal static class GpuSelection
{
    /// <summary>Why no node, were it empty, could give a worker its GPUs; null when one could, or when it is not known what nodes offer.</summary>
    public static string? WhyNone(GpuOffers? offers, ResourcesSpec resources) => offers?.WhyNone(
        resources.GpuResourceName,
        resources.Gpus,
        resources.GpuProducts,
        resources.MinGpuMemory is { } memory ? (long)Math.Min(long.MaxValue / 2, new ResourceQuantity(memory).ToDecimal()) : null);
}
