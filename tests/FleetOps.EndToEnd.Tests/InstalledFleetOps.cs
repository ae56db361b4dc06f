using System.Globalization;
using System.Runtime.CompilerServices;

[assembly: AssemblyFixture(typeof(FleetOps.EndToEnd.Tests.InstalledFleetOps))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace FleetOps.EndToEnd.Tests;

/// <summary>
/// FleetOps as a user gets it: `deploy/local/demo` has run to its end, so there is a real Kubernetes with the operator
/// installed by Helm and the demo model serving. One for all tests; a cluster that was not running before is taken down.
/// </summary>
public sealed class InstalledFleetOps : IAsyncLifetime
{
    private static readonly TimeSpan SetUpLimit = TimeSpan.FromMinutes(40);
    private int _namespaces;
    private bool _startedCluster;

    /// <summary>What `make demo` printed.</summary>
    public string DemoTranscript { get; private set; } = "";

    internal Kubectl Kubectl { get; private set; } = null!;

    internal string Helm { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Skip("The end-to-end tests start a Kubernetes on this machine and need root for it.");
        }

        var log = Repository.File("artifacts", "test-results", "demo.log");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        File.Delete(log);
        _startedCluster = (await Command.RunAsync(Repository.File("deploy", "local", "cluster"), ["status"])).ExitCode != 0;

        // The tests always use the local cluster: they kill processes on its node.
        Environment.SetEnvironmentVariable("KUBECONFIG", null);
        Environment.SetEnvironmentVariable("FLEETOPS_CONTEXT", null);
        DemoTranscript = (await Command.RunAsync(Repository.File("deploy", "local", "demo"), [], limit: SetUpLimit, logFile: log)).Succeeded();

        var tools = (await Command.RunAsync(Repository.File("deploy", "local", "tools", "helm"), [])).Succeeded().Trim();
        Helm = Path.Combine(tools, "helm");
        Kubectl = new(Path.Combine(tools, "kubectl"), Repository.File(".local", "kubeconfig"), null, "default");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_startedCluster)
        {
            await Command.RunAsync(Repository.File("deploy", "local", "cluster"), ["down"], limit: TimeSpan.FromMinutes(2));
        }
    }

    /// <summary>A namespace of its own for one test, with the demo model on the claim `demo-models`.</summary>
    internal async Task<TestNamespace> NewNamespaceAsync([CallerMemberName] string test = "")
    {
        var created = await TestNamespace.CreateAsync(Kubectl, string.Create(CultureInfo.InvariantCulture, $"e2e-{_namespaces++}-{Environment.ProcessId}"), test);
        await created.PublishModelAsync(Repository.File("deploy", "models", "demo", "demo.gguf"));
        return created;
    }
}
