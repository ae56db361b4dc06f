using k8s;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Finds the API server and opens a client to it.</summary>
public static class KubeConnection
{
    /// <summary>
    /// The configuration of the cluster: an explicit kubeconfig, else the service account of the pod, else <c>KUBECONFIG</c>, else
    /// <c>~/.kube/config</c>.
    /// </summary>
    /// <param name="kubeConfigPath">Path of a kubeconfig; null to look for one.</param>
    /// <param name="context">Context in the kubeconfig; null for its current one.</param>
    /// <exception cref="InvalidOperationException">There is none; the message says where was looked.</exception>
    public static KubernetesClientConfiguration FindConfiguration(string? kubeConfigPath = null, string? context = null)
    {
        if (kubeConfigPath is null && context is null && KubernetesClientConfiguration.IsInCluster())
        {
            return KubernetesClientConfiguration.InClusterConfig();
        }

        var path = kubeConfigPath
            ?? FirstOf(Environment.GetEnvironmentVariable("KUBECONFIG"))
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        if (!File.Exists(path))
        {
            throw new InvalidOperationException($"No cluster is known: this is no pod with a service account, and the kubeconfig '{path}' does not exist. Set KUBECONFIG to a kubeconfig file.");
        }

        return KubernetesClientConfiguration.BuildConfigFromConfigFile(path, context, masterUrl: null);
    }

    /// <summary>Opens a client whose dead connections are noticed within 45 s. The caller owns it.</summary>
    /// <param name="configuration">Where and as whom.</param>
    /// <param name="userAgent">Name of the program in the server's audit log; null to leave it.</param>
    /// <param name="handlers">See every request before it is sent; the client owns them.</param>
    public static Kubernetes Open(KubernetesClientConfiguration configuration, string? userAgent = null, params DelegatingHandler[] handlers)
    {
        if (userAgent is not null)
        {
            configuration.UserAgent = userAgent;
        }

        var inner = configuration.FirstMessageHandlerSetup;
        configuration.FirstMessageHandlerSetup = handler =>
        {
            inner?.Invoke(handler);
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
            handler.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
            handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(15);
            handler.EnableMultipleHttp2Connections = true;
            handler.ConnectTimeout = TimeSpan.FromSeconds(10);
        };
        return new Kubernetes(configuration, handlers);
    }

    private static string? FirstOf(string? pathList) =>
        pathList?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault();
}
