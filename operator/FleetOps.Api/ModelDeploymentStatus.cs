using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>What was last seen.</summary>
public sealed record ModelDeploymentStatus
{
    /// <summary>The generation of the spec that this status speaks of.</summary>
    public long? ObservedGeneration { get; init; }

    /// <summary>State in one word: Pending, Fetching, Loading, Ready, Updating, Degraded, Failed or Terminating.</summary>
    [StringLength(32)]
    public string? Phase { get; init; }

    /// <summary>Workers that exist.</summary>
    public int Replicas { get; init; }

    /// <summary>Workers that serve.</summary>
    public int ReadyReplicas { get; init; }

    /// <summary>Workers that run the spec as it is now.</summary>
    public int UpdatedReplicas { get; init; }

    /// <summary>Workers that serve, of those that are wanted, as in 2/2.</summary>
    [StringLength(32)]
    public string? Ready { get; init; }

    /// <summary>Label selector of the worker pods.</summary>
    [StringLength(256)]
    public string? Selector { get; init; }

    /// <summary>Host and port where clients in the cluster reach the model.</summary>
    [StringLength(512)]
    public string? Endpoint { get; init; }

    /// <summary>The model as the workers found it in the file.</summary>
    public ServedModel? Model { get; init; }

    /// <summary>The ModelCache that the workers take the weights from, which was found because spec.cache.type was left out; absent when none was.</summary>
    public UsedCache? Cache { get; init; }

    /// <summary>How much of the weights the worker that is furthest behind has, as in 37%; while one fetches.</summary>
    [StringLength(32)]
    public string? Progress { get; init; }

    /// <summary>The memory that the model takes in each worker of the present spec; absent until one has told.</summary>
    public ModelMemory? Memory { get; init; }

    /// <summary>The workers, those in trouble first; at most 20.</summary>
    [ListMap("pod", MaxItems = 20)]
    public IReadOnlyList<WorkerStatus>? Workers { get; init; }

    /// <summary>Accepted, WeightsReady, Available, Ready, Reconciling and Stalled.</summary>
    [ListMap("type", MaxItems = 16)]
    public IReadOnlyList<Condition>? Conditions { get; init; }
}
