using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>
/// The connections of clients. A gRPC client keeps one HTTP/2 connection for all its calls, so a worker that drains has to
/// ask it to open another one, which the Service then leads to a worker that stays. Thread-safe.
/// </summary>
internal sealed class OpenConnections
{
    private readonly ConcurrentDictionary<string, IConnectionLifetimeNotificationFeature> _open = new();

    /// <summary>Connection middleware that keeps track.</summary>
    public ConnectionDelegate Track(ConnectionDelegate next) => async connection =>
    {
        if (connection.Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime)
        {
            _open[connection.ConnectionId] = lifetime;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            _open.TryRemove(connection.ConnectionId, out _);
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
}
