using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.InferenceWorker.Tests.Server;

public sealed class TlsTests : IDisposable
{
    private static readonly GenerateRequest Letters = new() { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } };

    private readonly TestAuthority _authority = new("ours");
    private readonly SecretMount _mount = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private SecurityOptions Tls => new() { Certificate = _mount.Path("tls.crt"), Key = _mount.Path("tls.key") };

    private SecurityOptions MutualTls => Tls with { ClientAuthority = _mount.Path("ca.crt") };

    public void Dispose()
    {
        _authority.Dispose();
        _mount.Dispose();
    }

    [Fact]
    public async Task A_client_that_trusts_the_authority_is_answered_over_TLS_and_others_are_not()
    {
        _mount.SwapTls(_authority.IssueServer("worker"));
        await using var worker = await ServeAsync(Tls);
        using var trusting = Channel(worker, _authority.Trusting());
        Assert.Equal("nopqrstuvwxyz", (await AskAsync(trusting)).Text);

        using var stranger = new TestAuthority("theirs");
        using var distrusting = Channel(worker, stranger.Trusting());
        var error = await Assert.ThrowsAsync<RpcException>(() => AskAsync(distrusting));
        Assert.IsType<AuthenticationException>(error.Status.DebugException?.InnerException);
        using var plain = GrpcChannel.ForAddress($"http://{worker.Channel.Target}");
        await Assert.ThrowsAsync<RpcException>(() => AskAsync(plain));
        // Probes and metrics are the cluster's own.
        Assert.Equal("Serving", await worker.Http.GetStringAsync("/readyz", Cancellation));
    }

    [Fact]
    public async Task With_mutual_TLS_only_a_valid_certificate_of_the_clients_authority_is_let_in()
    {
        using var clients = new TestAuthority("clients");
        _mount.SwapTls(_authority.IssueServer("worker"), clients.RootPem);
        await using var worker = await ServeAsync(MutualTls);

        Assert.Equal("nopqrstuvwxyz", (await AskOnceAsync(worker, clients.IssueClient("caller"))).Text);
        X509Certificate2?[] refused =
        [
            null, _authority.IssueClient("of another authority"), clients.IssueClient("expired", TimeSpan.FromDays(-1)), clients.IssueServer("not for clients"),
        ];
        foreach (var certificate in refused)
        {
            var error = await Assert.ThrowsAsync<RpcException>(() => AskOnceAsync(worker, certificate));
            Assert.True(error.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{certificate?.Subject}: {error.Status}");
        }

        Assert.Equal("nopqrstuvwxyz", (await AskOnceAsync(worker, clients.IssueClient("caller"))).Text);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_to_new_connections_while_streams_go_on()
    {
        _mount.SwapTls(_authority.IssueServer("old"));
        await using var worker = await ServeAsync(Tls, ModelFiles.Slow);
        using var channel = Channel(worker, _authority.Trusting());
        using var stream = new Inference.V1.Inference.InferenceClient(channel).Generate(
            new GenerateRequest { Text = "go on", Stop = new StopOptions { IgnoreEndOfGeneration = true }, Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal("CN=old", await ShownAsync(worker));

        _mount.SwapTls(_authority.IssueServer("new"));
        await Until.HoldsAsync(async () => await ShownAsync(worker) == "CN=new", "the new certificate is shown");
        FinishInfo? finish = null;
        while (await stream.ResponseStream.MoveNext(Cancellation))
        {
            finish = stream.ResponseStream.Current.Finish ?? finish;
        }

        Assert.Equal(FinishReason.Length, finish!.Reason);
    }

    [Fact]
    public async Task A_renewed_pair_that_cannot_be_used_leaves_the_old_one_and_is_told()
    {
        var log = new FakeLogCollector();
        var first = _authority.IssueServer("old");
        _mount.SwapTls(first);
        await using var worker = await ServeAsync(Tls, log: log);
        Assert.Equal("CN=old", await ShownAsync(worker));

        foreach (var (certificate, key, cure) in UnusablePairs(first))
        {
            _mount.Swap(("tls.crt", certificate), ("tls.key", key));
            await Until.HoldsAsync(
                async () => await ShownAsync(worker) == "CN=old" && log.GetSnapshot().Any(line => line.Id.Id == 1402 && line.Message.Contains(cure, StringComparison.Ordinal)),
                $"the log says \"{cure}\" and the old certificate is shown");
        }

        var metrics = await worker.Http.GetStringAsync("/metrics", Cancellation);
        Assert.Contains("fleetops_worker_files_reloads_total{outcome=\"kept\",subject=\"certificate\"} 4", metrics, StringComparison.Ordinal);
        Assert.Matches($@"(?m)^fleetops_worker_certificate_expiry_seconds(\{{\}})? {new DateTimeOffset(first.NotAfter).ToUnixTimeSeconds()}\b", metrics);
        Assert.DoesNotContain(log.GetSnapshot(), line => line.Message.Contains("PRIVATE KEY", StringComparison.Ordinal));

        _mount.SwapTls(_authority.IssueServer("new"));
        await Until.HoldsAsync(async () => await ShownAsync(worker) == "CN=new", "a sound pair is taken afterwards");
    }

    [Fact]
    public async Task Roots_of_clients_can_be_exchanged()
    {
        using var before = new TestAuthority("before");
        using var after = new TestAuthority("after");
        var server = _authority.IssueServer("worker");
        _mount.SwapTls(server, before.RootPem);
        await using var worker = await ServeAsync(MutualTls);
        await AskOnceAsync(worker, before.IssueClient("caller"));
        await Assert.ThrowsAsync<RpcException>(() => AskOnceAsync(worker, after.IssueClient("caller")));

        _mount.SwapTls(server, before.RootPem + "\n" + after.RootPem);
        await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => AskOnceAsync(worker, after.IssueClient("caller"))) is null, "the new root is taken");
        await AskOnceAsync(worker, before.IssueClient("caller"));

        _mount.SwapTls(server, after.RootPem);
        await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => AskOnceAsync(worker, before.IssueClient("caller"))) is RpcException, "the old root is gone");
        await AskOnceAsync(worker, after.IssueClient("caller"));
    }

    private (string Certificate, string Key, string Cure)[] UnusablePairs(X509Certificate2 first)
    {
        var other = _authority.IssueServer("other");
        var expired = _authority.IssueServer("expired", TimeSpan.FromDays(-1));
        var key = first.GetECDsaPrivateKey()!;
        return
        [
            (other.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), "Mount a pair that belongs together."),
            ("no certificate", key.ExportPkcs8PrivateKeyPem(), "holds no certificate"),
            (expired.ExportCertificatePem(), expired.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), "Renew it."),
            (first.ExportCertificatePem(), key.ExportEncryptedPkcs8PrivateKeyPem("secret", new(System.Security.Cryptography.PbeEncryptionAlgorithm.Aes256Cbc, System.Security.Cryptography.HashAlgorithmName.SHA256, 1000)), "Mount the key decrypted."),
        ];
    }

    private static async Task<InProcessWorker> ServeAsync(SecurityOptions security, string? model = null, FakeLogCollector? log = null) => await InProcessWorker.ServeAsync(
        model ?? ModelFiles.Successor,
        options => options with { Security = security },
        log is null ? null : builder => builder.AddProvider(new FakeLoggerProvider(log)));

    private static GrpcChannel Channel(InProcessWorker worker, SocketsHttpHandler handler) =>
        GrpcChannel.ForAddress($"https://{worker.Channel.Target}", new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });

    private static Task<Answer> AskAsync(GrpcChannel channel) =>
        Answer.ReadAsync(new Inference.V1.Inference.InferenceClient(channel).Generate(Letters, cancellationToken: Cancellation));

    private async Task<Answer> AskOnceAsync(InProcessWorker worker, X509Certificate2? client)
    {
        using var channel = Channel(worker, _authority.Trusting(client));
        return await AskAsync(channel);
    }

    /// <summary>The subject of the certificate that a new connection is shown.</summary>
    private async Task<string> ShownAsync(InProcessWorker worker)
    {
        var target = worker.Channel.Target.Split(':');
        using var socket = new TcpClient();
        await socket.ConnectAsync(target[0], int.Parse(target[1], System.Globalization.CultureInfo.InvariantCulture), Cancellation);
        await using var stream = new SslStream(socket.GetStream());
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                CertificateChainPolicy = TestAuthority.Policy(_authority.Root),
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                AllowTlsResume = false,
            },
            Cancellation);
        Assert.True(stream.SslProtocol is SslProtocols.Tls12 or SslProtocols.Tls13);
        Assert.Equal(SslApplicationProtocol.Http2, stream.NegotiatedApplicationProtocol);
        return stream.RemoteCertificate!.Subject;
    }
}
