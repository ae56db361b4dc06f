using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Settings of the host that runs controllers. Set once, before the host is built.</summary>
public sealed class ControllerRuntimeOptions
{
    /// <summary>Field manager and time limits of requests.</summary>
    public KubeApiOptions Api { get; set; } = new();

    /// <summary>The scope of all informers that name none. Default: everything.</summary>
    public WatchScope DefaultScope { get; set; } = WatchScope.All;

    /// <summary>
    /// The namespaces that informers without a namespace of their own watch, each through a request of its own, for which a Role in each
    /// is enough. Empty, the default: the whole cluster, for which it takes a ClusterRole.
    /// </summary>
    public IReadOnlyList<string> WatchNamespaces { get; set; } = [];

    /// <summary>Whether reconcilers wait for a Lease. Default: true; false only for a single copy.</summary>
    public bool LeaderElect { get; set; } = true;

    /// <summary>Name of the Lease. Default: <c>fleetops-operator</c>.</summary>
    public string LeaseName { get; set; } = "fleetops-operator";

    /// <summary>Namespace of the Lease; null for the pod's own, outside pods <c>default</c>.</summary>
    public string? LeaseNamespace { get; set; }

    /// <summary>How long others wait before they take over. Default: 15 s.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a leader goes on without a renewal. Default: 10 s.</summary>
    public TimeSpan RenewDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause between tries of the election. Default: 2 s.</summary>
    public TimeSpan RetryPeriod { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long running reconciles may take to end at shutdown before they are cancelled. Default: 20 s.</summary>
    public TimeSpan GracefulShutdown { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Name of the program in events and in the user agent. Default: <c>fleetops-operator</c>.</summary>
    public string Component { get; set; } = "fleetops-operator";

    /// <summary>Events sent each second in the long run, above 0. Default: 20.</summary>
    public double EventsPerSecond { get; set; } = 20;

    /// <summary>Events that may be sent at once, at least 1. Default: 100.</summary>
    public int EventBurst { get; set; } = 100;

    /// <summary>Where metrics and traces are sent; null, the default, for nowhere.</summary>
    public CollectorOptions? Collector { get; set; }

    /// <summary>Path of a kubeconfig; null for in-cluster when in a pod, else <c>KUBECONFIG</c> or <c>~/.kube/config</c>.</summary>
    public string? KubeConfigPath { get; set; }

    /// <summary>Context of the kubeconfig; null for its current one.</summary>
    public string? KubeContext { get; set; }

    internal LeaderElectionOptions Election() => new()
    {
        Namespace = LeaseNamespace ?? PodNamespace() ?? "default",
        Name = LeaseName,
        LeaseDuration = LeaseDuration,
        RenewDeadline = RenewDeadline,
        RetryPeriod = RetryPeriod,
    };

    private static string? PodNamespace()
    {
        const string File = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
        return System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).Trim() : null;
    }
}
