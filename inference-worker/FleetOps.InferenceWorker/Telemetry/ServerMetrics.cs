using System.Diagnostics.Metrics;

namespace FleetOps.InferenceWorker.Telemetry;

/// <summary>Instruments of the server around the engine: connections, calls and certificates. Safe for use from any thread.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _reloads;
    private readonly Counter<long> _unauthenticated;
    private readonly Counter<long> _connectionsRefused;
    private readonly Counter<long> _callsRefused;

    /// <summary>Makes the instruments.</summary>
    public ServerMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MetricNames.Meter);
        _reloads = _meter.CreateCounter<long>(MetricNames.FileReloads, "{reload}", "Changes of mounted files, by what they hold and whether they were taken or the old ones kept.");
        _unauthenticated = _meter.CreateCounter<long>(MetricNames.Unauthenticated, "{call}", "Calls refused for want of a known token.");
        _connectionsRefused = _meter.CreateCounter<long>(MetricNames.ConnectionsRefused, "{connection}", "Connections closed at once, because too many were open.");
        _callsRefused = _meter.CreateCounter<long>(MetricNames.CallsRefused, "{call}", "Calls refused for their size, or because too many were open.");
        // So that the first of each is seen as one more.
        _unauthenticated.Add(0);
        _connectionsRefused.Add(0);
        _callsRefused.Add(0);
    }

    /// <summary>Shows from now on how many connections are open.</summary>
    public void ObserveConnections(Func<int> open) =>
        _meter.CreateObservableUpDownCounter(MetricNames.Connections, open, "{connection}", "Connections open on the gRPC port.");

    /// <summary>Shows from now on how many calls are open.</summary>
    public void ObserveCalls(Func<int> open) =>
        _meter.CreateObservableUpDownCounter(MetricNames.Calls, open, "{call}", "Calls open on the gRPC port, checks of the health left out.");

    /// <summary>Shows from now on when the certificate expires.</summary>
    public void ObserveCertificate(Func<DateTimeOffset> validUntil) => _meter.CreateObservableGauge(
        MetricNames.CertificateExpiry, () => validUntil().ToUnixTimeSeconds(), "s", "When the server's certificate expires, in seconds since 1970.");

    /// <summary>Shows changes of mounted files from now on.</summary>
    public void ObserveFiles(string subject)
    {
        Reloaded(0, subject, taken: true);
        Reloaded(0, subject, taken: false);
    }

    /// <summary>Records that mounted files changed.</summary>
    public void FilesChanged(string subject, bool taken) => Reloaded(1, subject, taken);

    /// <summary>Records a call without a known token.</summary>
    public void CallUnauthenticated() => _unauthenticated.Add(1);

    /// <summary>Records a connection that was over the bound.</summary>
    public void ConnectionRefused() => _connectionsRefused.Add(1);

    /// <summary>Records a call that was over a bound.</summary>
    public void CallRefused() => _callsRefused.Add(1);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Reloaded(int times, string subject, bool taken) =>
        _reloads.Add(times, new KeyValuePair<string, object?>("subject", subject), new KeyValuePair<string, object?>("outcome", taken ? "taken" : "kept"));
}
