using System.Collections.Concurrent;
using FleetOps.InferenceWorker.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>
/// The connections of clients, and their bound. A gRPC client keeps one HTTP/2 connection for all its calls, so a worker that
/// drains has to ask it to open another one, which the Service then leads to a worker that stays. Thread-safe.
/// </summary>
internal sealed partial class OpenConnections
{
    private readonly ConcurrentDictionary<string, IConnectionLifetimeNotificationFeature> _open = new();
    private readonly ServerLimits _limits;
    private readonly ServerMetrics _metrics;
    private readonly ILogger _logger;
    private int _count;
    private int _full;

    /// <summary>Counts from now on.</summary>
    public OpenConnections(ServeOptions options, ServerMetrics metrics, ILogger<OpenConnections> logger)
    {
        _limits = options.Limits;
        _metrics = metrics;
        _logger = logger;
        metrics.ObserveConnections(() => Volatile.Read(ref _count));
    }

    /// <summary>Connection middleware that keeps track, and closes at once what is over the bound.</summary>
    public ConnectionDelegate Track(ConnectionDelegate next) => async connection =>
    {
        try
        {
            if (Interlocked.Increment(ref _count) > _limits.MaxConnections)
            {
                Refuse(connection);
                return;
            }

            if (connection.Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime)
            {
                _open[connection.ConnectionId] = lifetime;
            }

            await next(connection);
        }
        finally
        {
            _open.TryRemove(connection.ConnectionId, out _);
            if (Interlocked.Decrement(ref _count) < _limits.MaxConnections)
            {
                _full = 0;
            }
        }
    };

    /// <summary>Sends GOAWAY on each connection: running calls end on it, new ones go elsewhere (RFC 9113, section 6.8).</summary>
    public void AskToClose()
    {
        foreach (var lifetime in _open.Values)
        {
            lifetime.RequestClose();
        }
    }

    private void Refuse(ConnectionContext connection)
    {
        _metrics.ConnectionRefused();
        // Told once each time the bound is reached: those who come in vain come again and again.
        if (Interlocked.Exchange(ref _full, 1) == 0)
        {
            LogFull(_logger, _limits.MaxConnections);
        }

        connection.Abort(new ConnectionAbortedException("The worker takes no more connections."));
    }

    [LoggerMessage(1404, LogLevel.Warning, "{Limit} connections are open, and more are closed at once. Let clients share connections, add replicas, or raise --max-connections")]
    private static partial void LogFull(ILogger logger, int limit);
}
