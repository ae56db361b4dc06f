using System.Collections.Concurrent;
using System.Diagnostics;

namespace FleetOps.EndToEnd.Tests;

/// <summary>Every state that a resource passes through, as `kubectl get --watch` prints them.</summary>
internal sealed class Watch : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _states = new();

    private Watch(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) =>
        {
            if (!string.IsNullOrWhiteSpace(line.Data))
            {
                _states.Enqueue(line.Data);
            }
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>One line per state, from the first that was seen.</summary>
    public IReadOnlyCollection<string> States => _states;

    /// <summary>Starts to watch; returns when the state of now has been seen.</summary>
    /// <param name="kubectl">Where.</param>
    /// <param name="resource">Such as `deployment/name`.</param>
    /// <param name="state">What to print of it, a JSONPath.</param>
    public static async Task<Watch> StartAsync(Kubectl kubectl, string resource, string state)
    {
        var watch = new Watch(kubectl.Start("get", resource, "--watch", "-o", $"jsonpath={state}{{\"\\n\"}}"));
        await Eventually.HoldsAsync(() => Task.FromResult(watch._states.Count), count => count > 0, TimeSpan.FromMinutes(1), $"The watch of {resource} tells its state");
        return watch;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
