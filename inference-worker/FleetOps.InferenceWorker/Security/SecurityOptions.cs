namespace FleetOps.InferenceWorker.Security;

/// <summary>Who may talk to the gRPC port, and how. The port of probes, state and metrics is for the cluster's own and stays as it is.</summary>
internal sealed record SecurityOptions
{
    /// <summary>PEM file with the server's certificate and those between it and the root; null serves in plain text.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with the certificate's private key, not encrypted.</summary>
    public string? Key { get; init; }

    /// <summary>PEM file with the roots that clients' certificates must come from; null asks clients for none.</summary>
    public string? ClientAuthority { get; init; }

    /// <summary>File with one accepted bearer token a line; null asks for none.</summary>
    public string? Tokens { get; init; }
}
