using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>The memory of the model, as status tells it, held against what the nodes offer.</summary>
internal static class MemorySummary
{
    /// <summary>The memory that a worker of the present spec takes; null until one has told.</summary>
    /// <param name="observed">What is.</param>
    /// <param name="templateHash">Hash of the present pod template; null when there is none.</param>
    public static ModelMemory? Of(Observation observed, string? templateHash)
    {
        WorkerMemory? best = null;
        foreach (var worker in observed.Workers)
        {
            if (worker.State?.Memory is { } told && (best is null || (told.Measured && !best.Measured))
                && worker.Pod.Metadata.Annotations?.TryGetValue(Labels.TemplateHash, out var hash) == true && hash == templateHash)
            {
                best = told;
            }
        }

        // What an earlier spec took says nothing about this one.
        var known = observed.Model.Status is { } status && status.ObservedGeneration == observed.Model.Metadata.Generation ? status.Memory : null;
        return best is null || (known is { Measured: true } && !best.Measured)
            ? known
            : new()
            {
                WeightsBytes = best.WeightsBytes,
                KvCacheBytes = best.KvCacheBytes,
                ComputeBytes = best.ComputeBytes,
                TotalBytes = best.TotalBytes,
                GpuBytes = best.GpuBytes,
                Measured = best.Measured,
            };
    }

    /// <summary>That no node has the GPU memory that the model takes; null when one has, or it is not known.</summary>
    /// <param name="memory">What it takes; null when that is not known.</param>
    /// <param name="offers">What the nodes offer; null when that is not known.</param>
    /// <param name="resources">What a worker asks for.</param>
    public static Trouble? GpuTroubleOf(ModelMemory? memory, GpuOffers? offers, ResourcesSpec resources) =>
        memory is { GpuBytes: > 0 and var needed }
        && resources.Gpus > 0
        && offers?.MostMemory(resources.GpuResourceName, resources.Gpus, resources.GpuProducts) is { } available
        && needed > available
            ? ReasonTraits.Describe(
                Reasons.InsufficientGpuMemory,
                "GPU memory",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"a worker needs {needed} bytes, and the most that {resources.Gpus} {resources.GpuResourceName} on one node have is {available} bytes; {offers.Summary}"))
            : null;
}
