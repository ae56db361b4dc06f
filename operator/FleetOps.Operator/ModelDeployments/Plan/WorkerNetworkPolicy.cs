using System.Globalization;
using FleetOps.Api;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// What may reach the workers, and what they may reach: callers on the two ports; names and the source of the weights where they are fetched.
/// Network policies add up, so that another one can allow more.
/// </summary>
internal static class WorkerNetworkPolicy
{
    // OpenShift's DNS pods listen on 5353, and policies see the port of the pod.
    private static readonly V1NetworkPolicyEgressRule Dns = new() { Ports = [Port(53, "UDP"), Port(53, "TCP"), Port(5353, "UDP"), Port(5353, "TCP")] };

    private static readonly V1NetworkPolicyEgressRule[] Web = [Dns, new() { Ports = [Port(443, "TCP"), Port(80, "TCP")] }];

    private static readonly V1NetworkPolicyIngressRule[] Callers = [new() { Ports = [Port(WorkerContract.GrpcPort, "TCP"), Port(WorkerContract.HttpPort, "TCP")] }];

    /// <summary>Who asks a pod that only fetches how far it is.</summary>
    public static readonly V1NetworkPolicyIngressRule[] Askers = [new() { Ports = [Port(WorkerContract.HttpPort, "TCP")] }];

    private static readonly string[] Both = ["Ingress", "Egress"];

    public static V1NetworkPolicy For(ModelDeploymentSpec spec, ChildNames names, ChildMetadata metadata, WorkerSettings settings) => new()
    {
        ApiVersion = "networking.k8s.io/v1",
        Kind = "NetworkPolicy",
        Metadata = metadata.For(names.Deployment),
        Spec = new()
        {
            PodSelector = new() { MatchLabels = metadata.SelectorLabels },
            PolicyTypes = Both,
            Ingress = Callers,
            Egress = Egress(spec.Model, spec.Pod, settings),
        },
    };

    /// <summary>What a pod may reach that fetches a model; null for nothing.</summary>
    public static V1NetworkPolicyEgressRule[]? Egress(ModelReference model, WorkerPodSpec? pod, WorkerSettings settings)
    {
        if (model.Source.StartsWith("pvc://", StringComparison.Ordinal))
        {
            return settings.Collector is { } only ? [Dns, new() { Ports = [Port(only.Endpoint.Port, "TCP")] }] : null;
        }

        var others = new SortedSet<int>();
        AddPort(others, model.Source);
        if (settings.Collector is { } collector)
        {
            AddPort(others, $"{collector.Endpoint.Host}:{collector.Endpoint.Port}");
        }

        foreach (var mirror in settings.MirrorsOf(model.Source))
        {
            AddPort(others, mirror[(mirror.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        }

        foreach (var variable in pod?.Env ?? [])
        {
            if (variable.Value is { } value && IsAddress(variable.Name))
            {
                // HF_ENDPOINT may be several.
                foreach (var address in value.Split(','))
                {
                    AddPort(others, address);
                }
            }
        }

        return others.Count == 0 ? Web : [.. Web, new() { Ports = [.. others.Select(port => Port(port, "TCP"))] }];
    }

    // What the worker's HTTP client takes the way from.
    private static bool IsAddress(string variable) =>
        variable is "HF_ENDPOINT" or "AWS_ENDPOINT_URL" or "AWS_ENDPOINT_URL_S3" or "AWS_ENDPOINT_URL_STS" || variable.ToUpperInvariant() is "HTTPS_PROXY" or "HTTP_PROXY" or "ALL_PROXY";

    // Not by way of Uri, which costs more than the whole policy.
    private static void AddPort(SortedSet<int> ports, string address)
    {
        var text = address.AsSpan();
        var authority = text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? text[(scheme + 3)..] : text;
        authority = authority.IndexOf('/') is >= 0 and var slash ? authority[..slash] : authority;
        if (authority.LastIndexOf(':') is >= 0 and var colon
            && int.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= 65_535 and not (443 or 80))
        {
            ports.Add(port);
        }
    }

    private static V1NetworkPolicyPort Port(int port, string protocol) => new() { Port = port, Protocol = protocol };
}
