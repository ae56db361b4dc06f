using System.Diagnostics;
using FleetOps.TestCluster;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>The operator as a process of its own, which can be killed.</summary>
internal sealed class OperatorProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _log = [];

    private OperatorProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it logged, one JSON object a line.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    public static OperatorProcess Start(ApiServer server)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "fleetops-operator"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["KUBECONFIG"] = server.KubeConfigPath },
        };
        foreach (var argument in new[] { "--worker-image", "worker:test", "--namespace", OperatorUnderFaults.LeaseNamespace, "--http-port", "0" })
        {
            start.ArgumentList.Add(argument);
        }

        return new(Process.Start(start) ?? throw new InvalidOperationException("The operator could not be started."));
    }

    /// <summary>SIGKILL: nothing of it is run any more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.Add(line ?? "");
        }
    }
}
