using System.CommandLine;
using FleetOps.InferenceWorker.Serving;

namespace FleetOps.InferenceWorker.CommandLine;

/// <summary>The options of <c>serve</c> that bound what clients may take of the gRPC port and of the queue.</summary>
internal sealed class LimitSettings
{
    private const int MostSeconds = 7 * 86400;
    private const int MostWaiting = 100_000;
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

    private readonly Option<int> _waiting = Setting.Number("--max-waiting", "Requests that may wait for a slot", 1, MostWaiting, () => ServeOptions.DefaultMaxWaiting);
    private readonly Option<int?> _waitingTokens = Setting.OptionalNumber("--max-waiting-tokens", "Prompt tokens that may wait for a slot, though one request may exceed it alone [default: no bound]", 1, int.MaxValue);
    private readonly Option<int?> _waitingPerTenant = Setting.OptionalNumber("--max-waiting-per-tenant", "Requests of one named tenant that may wait for a slot [default: half of --max-waiting]", 1, MostWaiting);

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _requestBytes, _headerBytes, _connections, _streams, _calls, _requestSeconds, _slowReader, _keepAlive, _keepAliveTimeout, _waiting })
        {
            command.Add(option);
        }

        command.Add(_waitingTokens);
        command.Add(_waitingPerTenant);
    }

    public ServeOptions Apply(ServeOptions options, ParseResult result) => options with
    {
        Limits = Read(result),
        SlowReaderTimeout = TimeSpan.FromSeconds(result.GetValue(_slowReader)),
        MaxWaiting = result.GetValue(_waiting),
        MaxWaitingTokens = result.GetValue(_waitingTokens) ?? long.MaxValue,
        MaxWaitingPerTenant = result.GetValue(_waitingPerTenant),
    };

    private ServerLimits Read(ParseResult result) => new()
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
}
