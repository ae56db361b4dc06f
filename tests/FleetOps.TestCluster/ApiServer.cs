using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using k8s;

namespace FleetOps.TestCluster;

/// <summary>
/// A real kube-apiserver with an etcd of its own on loopback ports, and nothing else: no controllers, no scheduler, no nodes. Authorisation is RBAC.
/// Start one for a test class or assembly and dispose it; nothing of it stays. Members may be called from any thread, but stopping, starting and
/// disposing not at the same time.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    private const int StartAttempts = 20;

    private readonly ApiServerOptions _options;
    private readonly string _folder;
    private readonly CertificateAuthority _authority = new();
    private readonly HttpClient _admin;
    private ServerProcess? _etcd;
    private ServerProcess? _server;
    private string? _program;
    private int _generation;

    private ApiServer(ApiServerOptions options)
    {
        _options = options;
        _folder = Directory.CreateTempSubdirectory("fleetops-api-").FullName;
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = _authority.CreateTrustPolicy();
        _admin = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(5) };
        _admin.DefaultRequestHeaders.Authorization = new("Bearer", AdminToken);
    }

    /// <summary>The address of the API, such as <c>https://127.0.0.1:41234</c>. It stays over a restart.</summary>
    public Uri Url { get; private set; } = new("https://127.0.0.1");

    /// <summary>A bearer token of a member of <c>system:masters</c>.</summary>
    public string AdminToken { get; } = Convert.ToHexString(Guid.NewGuid().ToByteArray());

    /// <summary>The certificate authority of the server, in PEM.</summary>
    public string CertificateAuthorityPem => _authority.Pem;

    /// <summary>A kubeconfig of a member of <c>system:masters</c>, for kubectl, helm and programs under test.</summary>
    public string KubeConfigPath => Path.Combine(_folder, "kubeconfig");

    /// <summary>The output of the API server since its last start, for a failing test to show.</summary>
    public string LogPath => _server?.LogPath ?? Path.Combine(_folder, "kube-apiserver.log");

    /// <summary>Whether the API server runs now.</summary>
    public bool IsRunning => _server is { HasExited: false };

    /// <summary>The address of the etcd behind the server.</summary>
    internal string EtcdUrl { get; private set; } = "";

    /// <summary>The folder that is deleted with this server.</summary>
    internal string Folder => _folder;

    /// <summary>Ids of the processes that run for this server.</summary>
    internal IReadOnlyList<int> ProcessIds => [.. new[] { _etcd, _server }.OfType<ServerProcess>().Select(process => process.Id)];

    /// <summary>Starts etcd and an API server and waits until it is ready, with the RBAC roles and the <c>default</c> namespace in place.</summary>
    /// <exception cref="ToolUnavailableException">The programs cannot be had here; skip the test with the message.</exception>
    /// <exception cref="InvalidOperationException">A server did not start; the message ends with its log.</exception>
    public static async Task<ApiServer> StartAsync(ApiServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var cluster = new ApiServer(options ?? new ApiServerOptions());
        try
        {
            await cluster.StartEtcdAsync(cancellationToken);
            cluster._program = await ToolFolder.FindAsync("kube-apiserver", "KUBEBUILDER_ASSETS", "kubernetes", cancellationToken);
            cluster.WriteCredentials();
            await cluster.StartServerAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>How an administrator (member of <c>system:masters</c>) connects. Each call makes a new configuration.</summary>
    public KubernetesClientConfiguration CreateConfiguration() => CreateConfiguration("admin", "system:masters");

    /// <summary>
    /// How <paramref name="user"/> connects as a member of <paramref name="groups"/>. The user may do what RBAC grants; a service account is
    /// <c>system:serviceaccount:NAMESPACE:NAME</c>.
    /// </summary>
    public KubernetesClientConfiguration CreateConfiguration(string user, params IReadOnlyList<string> groups)
    {
        var (certificate, key) = _authority.IssueClient(user, groups);
        return new KubernetesClientConfiguration
        {
            Host = Url.ToString().TrimEnd('/'),
            Namespace = "default",
            SslCaCerts = [X509Certificate2.CreateFromPem(_authority.Pem)],
            ClientCertificateData = Base64(certificate),
            ClientCertificateKeyData = Base64(key),
        };
    }

    /// <summary>Ends the API server at once, as a crash would. etcd keeps the data.</summary>
    public async Task KillServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    /// <summary>Starts the API server again on the same address after <see cref="KillServerAsync"/>, and waits until it is ready.</summary>
    public async Task StartServerAsync(CancellationToken cancellationToken = default)
    {
        if (_server is not null)
        {
            throw new InvalidOperationException("The API server runs already; end it first with KillServerAsync");
        }

        for (var attempt = 1; ; attempt++)
        {
            _generation++;
            _server = ServerProcess.Start(_program!, Path.Combine(_folder, $"kube-apiserver-{_generation}.log"), ServerArguments());
            try
            {
                await _server.WaitUntilAsync(IsReadyAsync, _options.StartTimeout, cancellationToken);
                return;
            }
            catch (InvalidOperationException) when (_server.HasExited && attempt < StartAttempts)
            {
                // An API server ends itself when Services are written while it repairs the table of their addresses; a kubelet starts it again.
                await _server.DisposeAsync();
            }
        }
    }

    /// <summary>Ends the API server at once and starts it again. Watches break; the data stays.</summary>
    public async Task RestartServerAsync(CancellationToken cancellationToken = default)
    {
        await KillServerAsync();
        await StartServerAsync(cancellationToken);
    }

    /// <summary>
    /// Makes etcd forget all but the newest version of everything. A watch that is resumed from an older version afterwards is answered 410, at the latest by
    /// an API server that was started anew and so remembers nothing by itself.
    /// </summary>
    public async Task CompactAsync(CancellationToken cancellationToken = default)
    {
        // Any read tells the newest revision; this is one of the key that sorts first.
        using var etcd = new HttpClient { BaseAddress = new Uri(EtcdUrl) };
        using var read = await etcd.PostAsync(new Uri("/v3/kv/range", UriKind.Relative), new StringContent("""{"key":"AA=="}"""), cancellationToken);
        var header = JsonNode.Parse(await read.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellationToken))!["header"]!;
        var body = $$"""{"revision":"{{(string)header["revision"]!}}","physical":true}""";
        using var compacted = await etcd.PostAsync(new Uri("/v3/kv/compaction", UriKind.Relative), new StringContent(body), cancellationToken);
        compacted.EnsureSuccessStatusCode();
    }

    /// <summary>Ends both servers and deletes their data.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillServerAsync();
        if (_etcd is not null)
        {
            await _etcd.DisposeAsync();
            _etcd = null;
        }

        _admin.Dispose();
        _authority.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    /// <summary>Writes the certificate of a server on the loopback address beside the data and returns the two paths.</summary>
    internal (string Certificate, string Key) WriteServerCertificate(string name)
    {
        var (certificate, key) = _authority.IssueServer();
        return (Write($"{name}.crt", certificate), Write($"{name}.key", key));
    }

    private async Task StartEtcdAsync(CancellationToken cancellationToken)
    {
        var path = await ToolFolder.FindAsync("etcd", "KUBEBUILDER_ASSETS", "etcd", cancellationToken);
        EtcdUrl = $"http://127.0.0.1:{ServerProcess.FreePort()}";
        var peer = $"http://127.0.0.1:{ServerProcess.FreePort()}";
        _etcd = ServerProcess.Start(path, Path.Combine(_folder, "etcd.log"),
        [
            $"--data-dir={Path.Combine(_folder, "etcd")}", "--unsafe-no-fsync",
            $"--listen-client-urls={EtcdUrl}", $"--advertise-client-urls={EtcdUrl}",
            $"--listen-peer-urls={peer}", $"--initial-advertise-peer-urls={peer}", $"--initial-cluster=default={peer}",
        ]);
        await _etcd.WaitUntilAsync(async token => (await _admin.GetAsync(new Uri($"{EtcdUrl}/health"), token)).IsSuccessStatusCode, _options.StartTimeout, cancellationToken);
    }

    private void WriteCredentials()
    {
        Url = new Uri($"https://127.0.0.1:{ServerProcess.FreePort()}");
        WriteServerCertificate("server");
        Write("ca.crt", _authority.Pem);
        Write("service-accounts.key", CertificateAuthority.CreateKey());
        Write("tokens.csv", $"{AdminToken},admin,admin,\"system:masters\"\n");
        var (certificate, key) = _authority.IssueClient("admin", ["system:masters"]);
        Write("kubeconfig",
            $"""
            apiVersion: v1
            kind: Config
            current-context: fleetops-test
            contexts:
            - name: fleetops-test
              context: {"{"}cluster: fleetops-test, user: admin{"}"}
            clusters:
            - name: fleetops-test
              cluster:
                server: {Url.ToString().TrimEnd('/')}
                certificate-authority-data: {Base64(_authority.Pem)}
            users:
            - name: admin
              user:
                client-certificate-data: {Base64(certificate)}
                client-key-data: {Base64(key)}

            """);
    }

    private IEnumerable<string> ServerArguments() =>
    [
        $"--etcd-servers={EtcdUrl}", "--bind-address=127.0.0.1", $"--secure-port={Url.Port}",
        // Nobody reaches this server through the `kubernetes` Service, and its endpoints may not be loopback addresses.
        "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/16",
        "--authorization-mode=RBAC", "--allow-privileged=true",
        $"--client-ca-file={InFolder("ca.crt")}", $"--tls-cert-file={InFolder("server.crt")}", $"--tls-private-key-file={InFolder("server.key")}",
        $"--token-auth-file={InFolder("tokens.csv")}",
        $"--service-account-key-file={InFolder("service-accounts.key")}", $"--service-account-signing-key-file={InFolder("service-accounts.key")}",
        "--service-account-issuer=https://kubernetes.default.svc",
        .. _options.ServiceAccountAdmission ? Array.Empty<string>() : ["--disable-admission-plugins=ServiceAccount"],
        .. _options.ExtraArguments,
    ];

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        using var ready = await _admin.GetAsync(new Uri(Url, "/readyz"), cancellationToken);
        if (ready.StatusCode != HttpStatusCode.OK)
        {
            return false;
        }

        using var space = await _admin.GetAsync(new Uri(Url, "/api/v1/namespaces/default"), cancellationToken);
        return space.IsSuccessStatusCode;
    }

    private string InFolder(string name) => Path.Combine(_folder, name);

    private string Write(string name, string content)
    {
        var path = InFolder(name);
        File.WriteAllText(path, content);
        return path;
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
}
