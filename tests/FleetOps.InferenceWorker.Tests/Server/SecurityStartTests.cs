using FleetOps.InferenceWorker.Tests.Fixtures;

namespace FleetOps.InferenceWorker.Tests.Server;

/// <summary>What is wrong with the files of TLS and tokens is told before anything is served.</summary>
public sealed class SecurityStartTests : IDisposable
{
    private readonly TestAuthority _authority = new("ours");
    private readonly SecretMount _mount = new();

    public SecurityStartTests()
    {
        var pair = _authority.IssueServer("worker");
        _mount.SwapTls(pair, "no certificate");
        File.WriteAllText(_mount.Path("empty"), "# nobody\n");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _mount.Dispose();
    }

    [Theory]
    [InlineData("--tls-cert is given without --tls-key", "--tls-cert", "tls.crt")]
    [InlineData("--tls-key is given without --tls-cert", "--tls-key", "tls.key")]
    [InlineData("--tls-client-ca is given without --tls-cert", "--tls-client-ca", "tls.crt")]
    [InlineData("nowhere.crt (certificate) cannot be read", "--tls-cert", "nowhere.crt", "--tls-key", "tls.key")]
    [InlineData("tls.key holds no certificate", "--tls-cert", "tls.key", "--tls-key", "tls.key")]
    [InlineData("ca.crt holds no certificate", "--tls-cert", "tls.crt", "--tls-key", "tls.key", "--tls-client-ca", "ca.crt")]
    [InlineData("nowhere (list of tokens) cannot be read", "--token-file", "nowhere")]
    [InlineData("empty holds no token", "--token-file", "empty")]
    public async Task Files_that_cannot_be_used_end_the_start(string told, params string[] options)
    {
        var arguments = options.Select(option => option.StartsWith("--", StringComparison.Ordinal) ? option : _mount.Path(option)).ToArray();
        await using var worker = await WorkerProcess.RunAsync(WorkerProcess.ServeArguments($"file://{ModelFiles.Successor}", arguments));
        Assert.Equal(64, worker.ExitCode);
        Assert.StartsWith("InvalidConfiguration: ", worker.Errors, StringComparison.Ordinal);
        Assert.Contains(told, worker.Errors, StringComparison.Ordinal);
    }
}
