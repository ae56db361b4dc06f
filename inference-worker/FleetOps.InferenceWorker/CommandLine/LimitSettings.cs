using System.CommandLine;
using FleetOps.InferenceWorker.Serving;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>serve</c> that bound what clients may take of the gRPC port.</summary>
internal sealed class LimitSettings
{
    private const int MostSeconds = 7 * 86400;
    private static readonly ServerLimits Default = new();

    private readonly Option<int> _requestBytes = Setting.Number("--max-request-bytes", "Bytes of one request message", 1024, 1024 * 1024 * 1024, () => Default.MaxRequestBytes);
    private readonly Option<int> _headerBytes = Setting.Number("--max-header-bytes", "Bytes of the metadata of one call", 1024, 1024 * 1024, () => Default.MaxHeaderBytes);
    private readonly Option<int> _connections = Setting.Number("--max-connections", "Connections open at once", 1, 1_000_000, () => Default.MaxConnections);
    private readonly Option<int> _streams = Setting.Number("--max-streams-per-connection", "Calls open at once on one connection", 1, 100_000, () => Default.MaxStreamsPerConnection);
    private readonly Option<int> _calls = Setting.Number("--max-calls", "Calls open at once on all connections", 1, 10_000_000, () => Default.MaxCalls);
    private readonly Option<int> _requestSeconds = Setting.Number("--max-request-seconds", "How long one request may take, its wait included", 1, MostSeconds, () => (int)Default.MaxRequestDuration.TotalSeconds);
    private readonly Option<int> _slowReader = Setting.Number("--slow-reader-seconds", "How long a client may leave its stream unread before it loses its slot", 1, 3600, () => 30);
    private readonly Option<int> _keepAlive = Setting.Number("--keep-alive-seconds", "After how long a silent connection is asked whether it is still there", 1, MostSeconds, () => (int)Default.KeepAliveDelay.TotalSeconds);
    private readonly Option<int> _keepAliveTimeout = Setting.Number("--keep-alive-timeout-seconds", "How long its answer may take before it is closed", 1, 3600, () => (int)Default.KeepAliveTimeout.TotalSeconds);

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _requestBytes, _headerBytes, _connections, _streams, _calls, _requestSeconds, _slowReader, _keepAlive, _keepAliveTimeout })
        {
            command.Add(option);
        }
    }

    public ServerLimits Read(ParseResult result) => new()
    {
        MaxRequestBytes = result.GetValue(_requestBytes),
        MaxHeaderBytes = result.GetValue(_headerBytes),
        MaxConnections = result.GetValue(_connections),
        MaxStreamsPerConnection = result.GetValue(_streams),
        MaxCalls = result.GetValue(_calls),
        MaxRequestDuration = TimeSpan.FromSeconds(result.GetValue(_requestSeconds)),
        KeepAliveDelay = TimeSpan.FromSeconds(result.GetValue(_keepAlive)),
        KeepAliveTimeout = TimeSpan.FromSeconds(result.GetValue(_keepAliveTimeout)),
    };

    public TimeSpan SlowReader(ParseResult result) => TimeSpan.FromSeconds(result.GetValue(_slowReader));
}
