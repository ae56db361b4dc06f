using System.Diagnostics;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>This program once more, running one explicit test and nothing else: a process that may be killed.</summary>
internal sealed class ChildTest : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    /// <param name="test">Full name of the test.</param>
    /// <param name="environment">What the test reads.</param>
    public ChildTest(string test, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (string argument in new[] { "--filter-method", test, "--explicit", "only" })
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until the condition holds; fails with what the child said when it ends before.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            if (_process.HasExited)
            {
                Assert.Fail($"The child ended too early. {await _output}");
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Kills it, as the kernel does, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Kills it where a test that failed did not.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
