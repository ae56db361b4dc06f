using FleetOps.InferenceWorker.Telemetry;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace FleetOps.InferenceWorker.Security;

/// <summary>Chooses the certificate of each new connection, so that a renewed one is in use at once and open connections stay. Thread-safe.</summary>
internal sealed class ServerCertificates
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    private readonly MountedFiles<TlsIdentity> _identity;

    /// <summary>Reads the certificate.</summary>
    /// <exception cref="State.WorkerFailedException">It cannot be used.</exception>
    public ServerCertificates(SecurityOptions options, ServerMetrics metrics, TimeProvider clock, ILogger<ServerCertificates> logger)
    {
        string[] files = options.ClientAuthority is { } authority ? [options.Certificate!, options.Key!, authority] : [options.Certificate!, options.Key!];
        _identity = new MountedFiles<TlsIdentity>("certificate", files, contents => TlsIdentity.Read(options, contents, clock.GetUtcNow()), metrics, clock, logger);
        metrics.ObserveCertificate(() => _identity.Current.ValidUntil);
    }

    /// <summary>What Kestrel asks for each connection.</summary>
    public TlsHandshakeCallbackOptions Handshake => new()
    {
        HandshakeTimeout = HandshakeTimeout,
        OnConnection = _ => ValueTask.FromResult(_identity.Current.ForConnection()),
    };
}
