using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>chat</c> that say whom it trusts and who it is.</summary>
internal sealed class ClientSecurity
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly Option<string?> _authority = Setting.Text("--tls-ca", "FILE", "PEM roots that the worker's certificate must come from [default: those of the machine]");
    private readonly Option<string?> _certificate = Setting.Text("--tls-client-cert", "FILE", "PEM certificate to show to the worker [default: none]");
    private readonly Option<string?> _key = Setting.Text("--tls-client-key", "FILE", "PEM private key of --tls-client-cert");
    private readonly Option<string?> _tokens = Setting.Text("--token-file", "FILE", "Bearer token to bring; of a list, one a line, the first [default: none]");

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _authority, _certificate, _key, _tokens })
        {
            command.Add(option);
        }

        command.Validators.Add(result => Setting.RefuseHalf(result, _certificate, _key));
    }

    /// <summary>Whether something was asked for that only TLS has, so that an address without a scheme means https.</summary>
    public bool NeedsTls(ParseResult result) => result.GetValue(_authority) is not null || result.GetValue(_certificate) is not null;

    /// <summary>Makes the connection that was asked for.</summary>
    /// <exception cref="WorkerFailedException">A file cannot be used.</exception>
    public HttpClient Connect(ParseResult result)
    {
        // A connection that is begun before the address of a Service leads anywhere gets no answer for minutes; the next one does.
        var handler = new SocketsHttpHandler { ConnectTimeout = ConnectTimeout };
        if (result.GetValue(_authority) is { } authority)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(TlsIdentity.ReadCertificates(authority, Setting.ReadFile(_authority, authority), _authority.Name));
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        if (result.GetValue(_certificate) is { } certificate)
        {
            handler.SslOptions.ClientCertificateContext = ReadPair(certificate, result.GetValue(_key)!);
        }

        var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        if (result.GetValue(_tokens) is { } tokens)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", BearerTokens.First(tokens, Setting.ReadFile(_tokens, tokens)));
        }

        return client;
    }

    private SslStreamCertificateContext ReadPair(string certificate, string key)
    {
        var text = Setting.ReadFile(_certificate, certificate);
        var chain = TlsIdentity.ReadCertificates(certificate, text, _certificate.Name);
        return SslStreamCertificateContext.Create(TlsIdentity.ReadPair(certificate, text, key, Setting.ReadFile(_key, key)), chain, offline: true);
    }
}
