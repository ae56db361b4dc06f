using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Writes to a client's stream, and gives up on a client that keeps its connection and reads nothing: flow control would
/// make the write wait for ever. Safe for concurrent use: messages go out one after the other.
/// </summary>
internal sealed class TimedStreamWriter<T>(IServerStreamWriter<T> stream, TimeSpan limit, ServerCallContext context, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Whether a write took longer than the limit, so that the stream was reset.</summary>
    public bool GaveUp { get; private set; }

    /// <summary>Writes one message.</summary>
    /// <exception cref="RpcException">The client did not read for longer than the limit.</exception>
    public async Task WriteAsync(T message)
    {
        await _turn.WaitAsync();
        try
        {
            await stream.WriteAsync(message).WaitAsync(limit, clock, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // Nothing fits into the connection any more, a status neither: resetting the stream is all that is left.
            GaveUp = true;
            context.GetHttpContext().Abort();
            throw RpcErrors.SlowReader(limit);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();
}
