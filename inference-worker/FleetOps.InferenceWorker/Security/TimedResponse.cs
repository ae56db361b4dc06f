using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace FleetOps.InferenceWorker.Security;

/// <summary>
/// The body of a response that does not wait for its reader for ever: HTTP/2 lets a client keep its stream and read nothing, and
/// what was to be sent would stay in memory. The stream is reset when a write waits too long.
/// </summary>
internal sealed class TimedResponse(HttpContext context, IHttpResponseBodyFeature inner, TimeSpan limit, TimeProvider clock) : IHttpResponseBodyFeature
{
    private TimedWriter? _writer;

    /// <inheritdoc/>
    public Stream Stream => inner.Stream;

    /// <inheritdoc/>
    public PipeWriter Writer => _writer ??= new TimedWriter(context, inner.Writer, limit, clock);

    /// <inheritdoc/>
    public void DisableBuffering() => inner.DisableBuffering();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        inner.SendFileAsync(path, offset, count, cancellationToken);

    /// <inheritdoc/>
    public Task CompleteAsync() => inner.CompleteAsync();

    private sealed class TimedWriter(HttpContext context, PipeWriter inner, TimeSpan limit, TimeProvider clock) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => Bounded(inner.FlushAsync(cancellationToken));

        public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            Bounded(inner.WriteAsync(source, cancellationToken));

        private ValueTask<FlushResult> Bounded(ValueTask<FlushResult> flush) => flush.IsCompleted ? flush : WaitAsync(flush.AsTask());

        private async ValueTask<FlushResult> WaitAsync(Task<FlushResult> flush)
        {
            try
            {
                return await flush.WaitAsync(limit, clock, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                context.Abort();
                return await flush;
            }
        }
    }
}
