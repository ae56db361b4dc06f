using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What is wanted.</summary>
[CelRule("self.engine.backend != 'Cuda' || self.resources.gpus > 0", SpecMessages.CudaNeedsGpu)]
[SchemaRule("""{"anyOf":[{"properties":{"engine":{"properties":{"backend":{"pattern":"^(Auto|Cpu)$"}}}}},{"properties":{"resources":{"properties":{"gpus":{"minimum":1}}}}}]}""")]
public sealed record ModelDeploymentSpec
{
    /// <summary>Which weights to serve, and how to tell that they are the right ones.</summary>
    public required ModelReference Model { get; init; }

    /// <summary>How a worker computes.</summary>
    [ObjectDefault]
    public EngineSpec Engine { get; set; } = new();

    /// <summary>What each worker asks the cluster for.</summary>
    [ObjectDefault]
    public ResourcesSpec Resources { get; set; } = new();

    /// <summary>How many workers serve the model. 0 keeps the resource and serves nothing.</summary>
    [Range(0, 1000)]
    [DefaultValue(1)]
    public int Replicas { get; set; } = 1;

    /// <summary>How workers are replaced when the spec changes.</summary>
    [ObjectDefault]
    public RolloutSpec Rollout { get; set; } = new();

    /// <summary>Where workers keep the weights that they have fetched. When left out, where a ModelCache of the same source has them, if there is one.</summary>
    public CacheSpec Cache { get; set; } = new();

    /// <summary>On which nodes workers run.</summary>
    public PlacementSpec? Placement { get; init; }

    /// <summary>The Service through which clients reach the model.</summary>
    [ObjectDefault]
    public ServiceSpec Service { get; set; } = new();

    /// <summary>
    /// How many workers must go on when nodes are drained, by a PodDisruptionBudget. When left out it is 1 for several workers; for a single one
    /// there is no budget then, because it would keep its node from being drained.
    /// </summary>
    public DisruptionSpec? Disruption { get; init; }

    /// <summary>What the pods of the workers have besides what FleetOps gives them.</summary>
    public WorkerPodSpec? Pod { get; init; }
}
