using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using FleetOps.ControllerRuntime.Apply;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One open watch.</summary>
internal static class WatchStream
{
    /// <summary>Opens a watch and reads it until the server ends it.</summary>
    /// <param name="api">The server.</param>
    /// <param name="type">The kind.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="watchdog">Told of each sign of life; its token ends the watch.</param>
    /// <param name="opened">Called once the server has accepted the watch.</param>
    /// <param name="cancellationToken">Ends the watch too.</param>
    /// <exception cref="KubeApiException">The server refused the watch or ended it with an ERROR event.</exception>
    /// <exception cref="TimeoutException">Nothing was heard for longer than the watchdog allows.</exception>
    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(
        KubeApi api, ResourceType<T> type, string path, SilenceWatchdog watchdog, Action opened, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var response = await api.OpenStreamAsync(path, cancellationToken).ConfigureAwait(false);
        opened();
        watchdog.Touch();
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 32 * 1024));
        try
        {
            while (true)
            {
                var read = await ReadAsync(pipe, watchdog, cancellationToken).ConfigureAwait(false);
                watchdog.Touch();
                var buffer = read.Buffer;
                while (TryTakeLine(ref buffer, out var line))
                {
                    if (!line.IsEmpty)
                    {
                        yield return WatchEventParser.Parse(line, type);
                    }
                }

                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    // A last line without its end was cut off; it comes again when the watch is resumed.
                    yield break;
                }
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader pipe, SilenceWatchdog watchdog, CancellationToken cancellationToken)
    {
        try
        {
            return await pipe.ReadAsync(watchdog.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (watchdog.Fired && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("Nothing came on the watch for too long, not even a bookmark; the connection is taken for dead.", e);
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> line)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out line, (byte)'\n'))
        {
            return false;
        }

        buffer = buffer.Slice(reader.Position);
        return true;
    }
}
