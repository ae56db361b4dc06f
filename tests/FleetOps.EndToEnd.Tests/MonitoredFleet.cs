using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FleetOps.Monitoring;
using YamlDotNet.Serialization;

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// A fleet under load that a real Prometheus scrapes as the PodMonitors of the chart say: a model that serves with two GPUs, one behind TLS, and
/// those that cannot serve, each for a reason of its own. All alert rules are evaluated.
/// </summary>
public sealed class MonitoredFleet(InstalledFleetOps fleet) : IAsyncLifetime
{
    /// <summary>The label `cluster` of every series.</summary>
    public const string Cluster = "local";

    private const int Replicas = 2;

    // Of scrapes and evaluations; a busy machine needs more than a second for some.
    private const string Interval = "2s";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(4);
    private readonly string _rules = Directory.CreateTempSubdirectory("fleetops-rules-").FullName;
    private readonly DcgmExporterStandIn _gpus = DcgmExporterStandIn.Start();
    private TestNamespace? _space;
    private SlowSource? _slowSource;
    private PodDiscovery? _discovery;
    private Prometheus? _prometheus;
    private Load? _load;

    /// <summary>The namespace of the models.</summary>
    public string Namespace => _space!.Kubectl.Namespace;

    /// <summary>Scrapes and evaluates every two seconds.</summary>
    internal Prometheus Prometheus => _prometheus!;

    internal Load Load => _load!;

    /// <summary>When the load began.</summary>
    internal DateTimeOffset Began { get; private set; }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _space = await fleet.NewNamespaceAsync("Monitoring");
        var kubectl = _space.Kubectl;
        _slowSource = await SlowSource.StartAsync(Repository.File("deploy", "models", "demo", "demo.gguf"));
        _discovery = await PodDiscovery.StartAsync(kubectl);
        _prometheus = await Prometheus.StartAsync(await ConfigurationAsync(_discovery), TestContext.Current.CancellationToken);

        await kubectl.ApplyAsync(TlsSecret("chat-tls"));
        await kubectl.ApplyAsync(string.Join("\n---\n",
            Manifest.Model("chat", replicas: Replicas, cpu: "300m"),
            Manifest.Model("behind-tls", gpus: 0, cpu: "50m", spec: "  service: {tls: {secretRef: {name: chat-tls}}}"),
            Manifest.Model("absent", gpus: 0, cpu: "20m", source: "pvc://demo-models/absent.gguf"),
            Manifest.Model("forged", gpus: 0, cpu: "20m", sha256: new('0', 64)),
            Manifest.Model("tiny", gpus: 0, cpu: "20m", memory: "6Mi"),
            Manifest.Model("fetching", gpus: 0, cpu: "20m", source: _slowSource.Address.ToString())));
        await kubectl.WaitAsync("fmd/chat", "condition=Ready", StartLimit);

        var pods = await kubectl.ListAsync("pods", "fleetops.dev/model=chat");
        _gpus.Hold(pods.Select(static pod => (pod["metadata"]!["namespace"]!.ToString(), pod["metadata"]!["name"]!.ToString())));
        Began = DateTimeOffset.UtcNow;
        _load = new(pods.Select(static pod => pod["status"]!["podIP"]!.ToString()), clientsPerWorker: 5);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in new IAsyncDisposable?[] { _load, _prometheus, _discovery, _gpus, _slowSource, _space })
        {
            if (part is not null)
            {
                await part.DisposeAsync();
            }
        }

        Directory.Delete(_rules, recursive: true);
    }

    private async Task<string> ConfigurationAsync(PodDiscovery discovery)
    {
        foreach (var file in Directory.EnumerateFiles(Checkout.File("deploy", "prometheus", "rules")))
        {
            // The long windows are computed every two minutes; nobody shall wait here for the first time.
            var text = await File.ReadAllTextAsync(file);
            await File.WriteAllTextAsync(Path.Combine(_rules, Path.GetFileName(file)), text.Replace("interval: 2m", $"interval: {Interval}", StringComparison.Ordinal));
        }

        var rendered = (await Command.RunAsync(fleet.Helm,
        [
            "template", "fleetops", Repository.File("charts", "fleetops"), "--namespace", "fleetops-system", "--show-only", "templates/podmonitor.yaml",
            "--set", $"monitoring.operator.enabled=true,monitoring.operator.interval={Interval},monitoring.workers.enabled=true,monitoring.workers.interval={Interval}",
        ])).Succeeded();
        return new SerializerBuilder().Build().Serialize(new Dictionary<string, object>
        {
            ["global"] = new Dictionary<string, object> { ["scrape_interval"] = Interval, ["scrape_timeout"] = Interval, ["evaluation_interval"] = Interval },
            ["rule_files"] = new[] { Path.Combine(_rules, "*.yaml") },
            ["scrape_configs"] = new List<object>
            {
                PodMonitor.In(rendered).SelectMany(monitor => monitor.ScrapeConfigurations(discovery.TargetsFile, Cluster)),
                GpuScrape("even", honorsLabels: true),
                GpuScrape("odd", honorsLabels: false),
            }.SelectMany(static entry => entry as IEnumerable<object> ?? [entry]).ToList(),
        });
    }

    // NVIDIA's chart can be set up either way: its exporter's labels namespace and pod stay, or they become exported_namespace and exported_pod.
    private Dictionary<string, object> GpuScrape(string name, bool honorsLabels) => new()
    {
        ["job_name"] = "dcgm-exporter-" + name,
        ["honor_labels"] = honorsLabels,
        ["metrics_path"] = $"/{name}/metrics",
        ["static_configs"] = new[]
        {
            new Dictionary<string, object>
            {
                ["targets"] = new[] { _gpus.Address },
                ["labels"] = new Dictionary<string, object> { ["cluster"] = Cluster, ["namespace"] = "gpu-operator", ["pod"] = "dcgm-exporter-" + name },
            },
        },
    };

    private static string TlsSecret(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=behind-tls", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(90));
        return $$"""
            apiVersion: v1
            kind: Secret
            metadata: {name: {{name}}}
            type: kubernetes.io/tls
            stringData:
              tls.crt: {{Quoted(certificate.ExportCertificatePem())}}
              tls.key: {{Quoted(key.ExportPkcs8PrivateKeyPem())}}
            """;
    }

    private static string Quoted(string text) => "\"" + text.Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
