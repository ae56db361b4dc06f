using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Security;

/// <summary>The server's certificate with its key and chain, and the roots that clients must come from. Immutable.</summary>
internal sealed class TlsIdentity
{
    private readonly SslStreamCertificateContext _certificate;
    private readonly X509Certificate2Collection? _clientRoots;

    private TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection? clientRoots)
    {
        // Offline: nothing is fetched from addresses that a certificate names.
        _certificate = SslStreamCertificateContext.Create(certificate, chain, offline: true);
        _clientRoots = clientRoots;
        ValidUntil = new DateTimeOffset(certificate.NotAfter);
    }

    /// <summary>When the certificate expires.</summary>
    public DateTimeOffset ValidUntil { get; }

    /// <summary>Reads the PEM files.</summary>
    /// <param name="options">Their paths, for messages.</param>
    /// <param name="contents">Certificate, key, and the clients' roots if there are any.</param>
    /// <param name="now">The time at which the certificate must be valid.</param>
    /// <exception cref="WorkerFailedException">They cannot be used.</exception>
    public static TlsIdentity Read(SecurityOptions options, IReadOnlyList<byte[]> contents, DateTimeOffset now)
    {
        var text = Encoding.UTF8.GetString(contents[0]);
        var chain = ReadCertificates(options.Certificate!, text, "--tls-cert");
        var certificate = ReadPair(options.Certificate!, text, options.Key!, Encoding.UTF8.GetString(contents[1]));
        if (now >= new DateTimeOffset(certificate.NotAfter))
        {
            throw Unusable($"The certificate in {options.Certificate} expired on {certificate.NotAfter.ToUniversalTime():u}, so clients would refuse it. Renew it.");
        }

        var roots = options.ClientAuthority is { } authority ? ReadCertificates(authority, Encoding.UTF8.GetString(contents[2]), "--tls-client-ca") : null;
        return new TlsIdentity(certificate, chain, roots);
    }

    /// <summary>What the next connection is answered with.</summary>
    public SslServerAuthenticationOptions ForConnection() => new()
    {
        ServerCertificateContext = _certificate,
        ClientCertificateRequired = _clientRoots is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = _clientRoots is null ? null : ClientPolicy(_clientRoots),
    };

    /// <summary>The certificates of a PEM file, one or more.</summary>
    /// <exception cref="WorkerFailedException">There is none, or one is damaged; the message names the file and the option.</exception>
    public static X509Certificate2Collection ReadCertificates(string path, string text, string option)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException exception)
        {
            throw Unusable($"{path} holds a damaged certificate: {exception.Message} {option} takes PEM files.", exception);
        }

        return certificates.Count > 0
            ? certificates
            : throw Unusable($"{path} holds no certificate; {option} takes a PEM file with at least one BEGIN CERTIFICATE.");
    }

    /// <summary>The first certificate of a PEM file, with its key from another.</summary>
    /// <exception cref="WorkerFailedException">They do not belong together, or the key is encrypted; the message names the files.</exception>
    public static X509Certificate2 ReadPair(string certificatePath, string certificate, string keyPath, string key)
    {
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw Unusable($"{keyPath} holds an encrypted key, and there is nobody to ask for its password. Mount the key decrypted.");
        }

        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw Unusable($"{keyPath} is not the private key of the first certificate in {certificatePath}: {exception.Message} Mount a pair that belongs together.", exception);
        }
    }

    /// <summary>Only the given roots count, not those of the machine.</summary>
    private static X509ChainPolicy ClientPolicy(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    private static WorkerFailedException Unusable(string message, Exception? cause = null) => new(FailureReason.InvalidConfiguration, message, cause);
}
