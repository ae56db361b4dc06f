using k8s;

namespace FleetOps.Cluster.Tests.Support;

/// <summary>The real kubectl, for what people read.</summary>
internal sealed class Kubectl : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fleetops-kubectl-");
    private readonly string _config;

    public Kubectl(KubernetesClientConfiguration connection)
    {
        _config = Path.Combine(_folder.FullName, "config");
        File.WriteAllText(_config, $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"}name: test, cluster: {"{"}server: "{connection.Host}", insecure-skip-tls-verify: true{"}"}{"}"}]
            users: [{"{"}name: test, user: {"{"}client-certificate-data: {connection.ClientCertificateData}, client-key-data: {connection.ClientCertificateKeyData}{"}"}{"}"}]
            contexts: [{"{"}name: test, context: {"{"}cluster: test, user: test{"}"}{"}"}]
            current-context: test
            """);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Runs it and gives what it printed. Skips the test when kubectl cannot be had.</summary>
    public async Task<string> RunAsync(params IEnumerable<string> arguments)
    {
        var tools = await Helm.RunAsync(Repository.Path("deploy", "local", "tools", "helm"), []);
        if (tools.ExitCode != 0)
        {
            Assert.Skip($"kubectl cannot be had: {tools.Error.Trim()}");
        }

        var (code, output, error) = await Helm.RunAsync(
            Path.Combine(tools.Output.Trim(), "kubectl"),
            ["--kubeconfig", _config, "--cache-dir", Path.Combine(_folder.FullName, "cache"), .. arguments]);
        Assert.True(code == 0, error);
        return output;
    }
}
