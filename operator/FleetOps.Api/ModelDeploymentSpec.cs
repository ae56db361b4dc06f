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
}
