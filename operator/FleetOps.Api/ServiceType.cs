using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>From where the Service of a model can be reached.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceType>))]
public enum ServiceType
{
    /// <summary>From the cluster.</summary>
    ClusterIP,

    /// <summary>Also through a port of every node.</summary>
    NodePort,

    /// <summary>Also through a load balancer of the cloud.</summary>
    LoadBalancer,
}
