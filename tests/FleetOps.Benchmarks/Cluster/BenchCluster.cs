using System.Text;
using FleetOps.Benchmarks.Reports;
using FleetOps.TestCluster;
using k8s;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>A fresh etcd and API server with the CRD and the chart's roles. The harness plays everything else of Kubernetes.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    /// <summary>Namespace that the operator is installed in.</summary>
    public const string SystemNamespace = "fleetops-system";

    /// <summary>As whom the operator connects, and the bare client that it is compared with.</summary>
    public const string OperatorUser = $"system:serviceaccount:{SystemNamespace}:fleetops-operator";

    private const string ModelDeployments = "apis/fleetops.dev/v1alpha1/modeldeployments";

    private readonly ApiServer _server;

    private BenchCluster(ApiServer server, string folder)
    {
        _server = server;
        Folder = folder;
        Admin = new ApiClient(server.CreateConfiguration());
        Audit = new AuditLog(Path.Combine(folder, "audit.log"));
        OperatorKubeConfig = Path.Combine(folder, "kubeconfig");
    }

    /// <summary>For files of one run; deleted with the cluster.</summary>
    public string Folder { get; }

    /// <summary>The harness' own connection, as a member of <c>system:masters</c>.</summary>
    public ApiClient Admin { get; }

    public AuditLog Audit { get; }

    /// <summary>Path of a kubeconfig with the operator's rights.</summary>
    public string OperatorKubeConfig { get; }

    /// <summary>Ids of etcd and kube-apiserver.</summary>
    public IReadOnlyList<int> ProcessIds => _server.ProcessIds;

    public static async Task<BenchCluster> StartAsync(CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("fleetops-bench-").FullName;
        ApiServer? server = null;
        try
        {
            var policy = Path.Combine(folder, "audit-policy.yaml");
            await File.WriteAllTextAsync(policy, AuditLog.Policy, cancel);
            server = await ApiServer.StartAsync(
                new()
                {
                    ExtraArguments =
                    [
                        // Two Services a ModelDeployment, one of them with an address: the range of the tests ends at 254.
                        "--service-cluster-ip-range=10.64.0.0/18",
                        $"--audit-policy-file={policy}", $"--audit-log-path={Path.Combine(folder, "audit.log")}", "--audit-log-maxsize=8192",
                    ],
                },
                cancel);
            var cluster = new BenchCluster(server, folder);
            await cluster.InstallAsync(cancel);
            return cluster;
        }
        catch
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }

            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public Task CreateNamespaceAsync(string name, CancellationToken cancel) =>
        Admin.CreateAsync("api/v1/namespaces", $"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}", cancel);

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task InstallAsync(CancellationToken cancel)
    {
        var definition = await File.ReadAllTextAsync(Repository.Path("deploy", "crds", "fleetops.dev_modeldeployments.yaml"), cancel);
        await Admin.CreateAsync("apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition, cancel);
        await CreateNamespaceAsync(SystemNamespace, cancel);
        foreach (var (path, manifest) in await Chart.RightsAsync(SystemNamespace, cancel))
        {
            await Admin.CreateAsync(path, manifest, cancel);
        }

        WriteKubeConfig(_server.CreateConfiguration(OperatorUser, "system:serviceaccounts", "system:authenticated"));
        for (var tries = 0; !await Admin.ServesAsync(ModelDeployments, cancel); tries++)
        {
            if (tries > 300)
            {
                throw new InvalidOperationException($"The API server does not serve {ModelDeployments} 30 s after its CRD was created; see {_server.LogPath}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancel);
        }

        Progress.Say($"etcd and kube-apiserver run at {_server.Url}");
    }

    private void WriteKubeConfig(KubernetesClientConfiguration user) => File.WriteAllText(
        OperatorKubeConfig,
        $"""
        apiVersion: v1
        kind: Config
        current-context: bench
        contexts:
        - name: bench
          context: {"{"}cluster: bench, user: operator{"}"}
        clusters:
        - name: bench
          cluster:
            server: {user.Host}
            certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(_server.CertificateAuthorityPem))}
        users:
        - name: operator
          user:
            client-certificate-data: {user.ClientCertificateData}
            client-key-data: {user.ClientCertificateKeyData}

        """);
}
