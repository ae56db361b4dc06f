using k8s;

namespace FleetOps.TestCluster;

/// <summary>
/// The newest server of CustomResourceDefinitions beside an <see cref="ApiServer"/>: CEL rules, selectable fields and server-side apply behave as in
/// a new cluster. It serves CRDs and their resources, nothing under <c>/api</c>; its users, roles and namespaces are those of the other server.
/// </summary>
public sealed class CrdServer : IAsyncDisposable
{
    // Admission by policies and webhooks waits for resources that only a full server has.
    private const string WithoutForeignAdmission =
        "--disable-admission-plugins=MutatingAdmissionPolicy,ValidatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionWebhook";

    private readonly ApiServer _host;
    private readonly ServerProcess _process;

    private CrdServer(ApiServer host, ServerProcess process, Uri url, string version)
    {
        _host = host;
        _process = process;
        Url = url;
        Version = version;
    }

    /// <summary>The address of the server.</summary>
    public Uri Url { get; }

    /// <summary>The version of the server's package, or <c>unknown</c>.</summary>
    public string Version { get; }

    /// <summary>The output of the server, for a failing test to show.</summary>
    public string LogPath => _process.LogPath;

    /// <summary>Starts the server on the etcd and with the users of <paramref name="host"/>, which must outlive it, and waits until it is ready.</summary>
    /// <exception cref="ToolUnavailableException">The program cannot be had here; skip the test with the message.</exception>
    /// <exception cref="InvalidOperationException">The server did not start; the message ends with its log.</exception>
    public static async Task<CrdServer> StartAsync(ApiServer host, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        var program = await ToolFolder.FindAsync("apiextensions-apiserver", "FLEETOPS_CRD_SERVER", "crd-server", cancellationToken);
        var name = $"crd-server-{Guid.NewGuid():N}";
        var (certificate, key) = host.WriteServerCertificate(name);
        var url = new Uri($"https://127.0.0.1:{ServerProcess.FreePort()}");
        var started = ServerProcess.Start(program, Path.Combine(host.Folder, $"{name}.log"),
        [
            $"--etcd-servers={host.EtcdUrl}", $"--etcd-prefix=/{name}", "--bind-address=127.0.0.1", $"--secure-port={url.Port}",
            $"--tls-cert-file={certificate}", $"--tls-private-key-file={key}", $"--client-ca-file={Path.Combine(host.Folder, "ca.crt")}",
            $"--kubeconfig={host.KubeConfigPath}", $"--authentication-kubeconfig={host.KubeConfigPath}",
            $"--authorization-kubeconfig={host.KubeConfigPath}", "--authentication-skip-lookup", WithoutForeignAdmission,
            // Its flow schemas are of a version that the other server does not have.
            "--enable-priority-and-fairness=false",
        ]);
        var versionFile = Path.Combine(Path.GetDirectoryName(program)!, "version");
        var version = File.Exists(versionFile) ? (await File.ReadAllTextAsync(versionFile, cancellationToken)).Trim() : "unknown";
        var server = new CrdServer(host, started, url, version);
        try
        {
            await server.WaitAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>How an administrator connects.</summary>
    public KubernetesClientConfiguration CreateConfiguration() => At(_host.CreateConfiguration());

    /// <summary>How <paramref name="user"/> connects as a member of <paramref name="groups"/>; see <see cref="ApiServer.CreateConfiguration(string, IReadOnlyList{string})"/>.</summary>
    public KubernetesClientConfiguration CreateConfiguration(string user, params IReadOnlyList<string> groups) => At(_host.CreateConfiguration(user, groups));

    /// <summary>Ends the server.</summary>
    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(CreateConfiguration());
        await _process.WaitUntilAsync(
            async token => (await client.HttpClient.GetAsync(new Uri(Url, "/readyz"), token)).IsSuccessStatusCode,
            TimeSpan.FromMinutes(2),
            cancellationToken);
    }

    private KubernetesClientConfiguration At(KubernetesClientConfiguration configuration)
    {
        configuration.Host = Url.ToString().TrimEnd('/');
        return configuration;
    }
}
