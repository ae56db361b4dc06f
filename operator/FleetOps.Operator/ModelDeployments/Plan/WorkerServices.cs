using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>The Services of the workers.</summary>
internal static class WorkerServices
{
    public static V1Service For(ServiceSpec spec, ChildNames names, ChildMetadata metadata)
    {
        var service = Service(metadata.For(names.Service), metadata, spec.Port);
        service.Spec.Type = spec.Type switch
        {
            ServiceType.NodePort => "NodePort",
            ServiceType.LoadBalancer => "LoadBalancer",
            _ => "ClusterIP",
        };
        if (spec.Annotations is { Count: > 0 } annotations)
        {
            service.Metadata.Annotations = new Dictionary<string, string>(annotations, StringComparer.Ordinal);
        }

        return service;
    }

    // A client of its own balancing needs the pods' addresses: through the other Service, an HTTP/2 connection stays on one pod.
    public static V1Service Headless(ChildNames names, ChildMetadata metadata)
    {
        var service = Service(metadata.For(names.HeadlessService), metadata, WorkerContract.GrpcPort);
        service.Spec.Type = "ClusterIP";
        service.Spec.ClusterIP = "None";
        return service;
    }

    private static V1Service Service(V1ObjectMeta meta, ChildMetadata metadata, int port) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = meta,
        Spec = new()
        {
            Selector = metadata.SelectorLabels,
            Ports =
            [
                new()
                {
                    Name = WorkerContract.GrpcPortName,
                    Port = port,
                    TargetPort = WorkerContract.GrpcPortName,
                    Protocol = "TCP",
                    AppProtocol = "kubernetes.io/h2c",
                },
            ],
        },
    };
}
