using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>The Service through which clients reach the model.</summary>
public sealed record ServiceSpec
{
    /// <summary>
    /// ClusterIP is reached from the cluster, NodePort also through a port of every node, LoadBalancer also through a load balancer of the cloud.
    /// Calls are neither encrypted nor authenticated unless tls and tokenSecretRef say so: set both for a model that is reached from outside.
    /// </summary>
    [DefaultValue("ClusterIP")]
    public ServiceType Type { get; set; }

    /// <summary>Port of the Service. The headless Service, whose clients reach the pods themselves, keeps the workers' 9090.</summary>
    [Range(1, 65_535)]
    [DefaultValue(9090)]
    public int Port { get; set; } = 9090;

    /// <summary>Annotations of the Service, by which clouds configure their load balancers.</summary>
    [MapBounds(64, 4096)]
    [CelRule("self.all(key, !key.startsWith('fleetops.dev/'))", SpecMessages.ServiceAnnotations)]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Encrypts calls with the certificate of a Secret. Plain HTTP/2 when left out.</summary>
    public ServiceTls? Tls { get; init; }

    /// <summary>
    /// A Secret whose key tokens holds bearer tokens, one a line, of which each call must bring one. Workers take changes over without a restart.
    /// Anybody may call when left out.
    /// </summary>
    public SecretReference? TokenSecretRef { get; init; }
}
