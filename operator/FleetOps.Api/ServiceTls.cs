using System.ComponentModel;

namespace FleetOps.Api;

/// <summary>The encryption of calls. Workers take a renewed certificate over without a restart.</summary>
public sealed record ServiceTls
{
    /// <summary>
    /// A Secret of type kubernetes.io/tls: keys tls.crt and tls.key, and ca.crt when clients need certificates. cert-manager makes such Secrets.
    /// </summary>
    public required SecretReference SecretRef { get; init; }

    /// <summary>Whether clients need a certificate from the authorities in ca.crt (mutual TLS).</summary>
    [DefaultValue(false)]
    public bool RequireClientCertificate { get; init; }
}
