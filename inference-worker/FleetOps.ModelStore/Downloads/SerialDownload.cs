using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Downloads;

/// <summary>Reads what is missing of a file by one request.</summary>
internal sealed class SerialDownload(ModelFetcherOptions options, FetchReporter reporter)
{
    /// <summary>Reads what an answer brings. What arrived before a fault is stored when it is thrown.</summary>
    /// <param name="answer">The answer, which continues the part or begins it.</param>
    /// <param name="part">Where the bytes go.</param>
    /// <param name="check">Refuses the first bytes of the file.</param>
    /// <param name="stored">Told after each piece that is stored.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task RunAsync(HttpAnswer answer, PartialFile part, Action<ReadOnlyMemory<byte>> check, Action stored, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(options.IdleTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        string host = answer.Address.Authority;
        int filled = 0;
        try
        {
            Stream body = await ReadAsync(() => new ValueTask<Stream>(answer.Response.Content.ReadAsStreamAsync(either.Token))).ConfigureAwait(false);
            while (true)
            {
                int read = await ReadAsync(() => body.ReadAsync(part.Piece[filled..], either.Token)).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                idle.CancelAfter(options.IdleTimeout);
                filled += read;
                if (filled < PartialFile.PieceBytes)
                {
                    reporter.Advance(part.Length + filled);
                    continue;
                }

                CheckStart();
                int count = filled;
                filled = 0;
                await part.AppendAsync(count).ConfigureAwait(false);
                reporter.Advance(part.Length);
                stored();
            }

            CheckStart();
        }
        finally
        {
            await part.AppendAsync(filled).ConfigureAwait(false);
            reporter.Advance(part.Length);
        }

        void CheckStart()
        {
            if (part.Length == 0)
            {
                check(part.Piece[..filled]);
            }
        }

        ValueTask<T> ReadAsync<T>(Func<ValueTask<T>> read) => ReadOrTellAsync(read, host, () => part.Length + filled, cancellationToken);
    }

    private async ValueTask<T> ReadOrTellAsync<T>(Func<ValueTask<T>> read, string host, Func<long> arrived, CancellationToken cancellationToken)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{host} sent nothing for {options.IdleTimeout.TotalSeconds:0} s; check the network between here and there.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{host} cut the connection after {arrived()} bytes: {e.Message}", innerException: e);
        }
    }
}
