using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Downloads;

/// <summary>One bounded range of a file on its way into memory.</summary>
/// <param name="buffer">Where it goes.</param>
/// <param name="from">Its first byte in the file.</param>
/// <param name="length">How many bytes it has.</param>
internal sealed class RangeRead(byte[] buffer, long from, int length)
{
    private int _filled;

    /// <summary>Where the bytes are.</summary>
    public byte[] Buffer => buffer;

    /// <summary>How many bytes are there, from the start of the range. May be read while the range is being read.</summary>
    public int Filled => Volatile.Read(ref _filled);

    /// <summary>The reading; what is there when it fails is sound.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to read.</summary>
    /// <param name="exchange">Sends the request.</param>
    /// <param name="whole">The answer that told what the file is; its address is asked.</param>
    /// <param name="remote">The file.</param>
    /// <param name="ask">Makes the request without its range.</param>
    /// <param name="record">What the range has to be a part of.</param>
    /// <param name="options">How patient to be.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public void Start(
        HttpExchange exchange, HttpAnswer whole, RemoteFile remote, Func<CancellationToken, ValueTask<HttpQuestion>> ask, PartRecord record, ModelFetcherOptions options, CancellationToken cancellationToken) =>
        Completion = Task.Run(() => ReadAsync(exchange, whole, remote, ask, record, options, cancellationToken), cancellationToken);

    private async Task ReadAsync(
        HttpExchange exchange, HttpAnswer whole, RemoteFile remote, Func<CancellationToken, ValueTask<HttpQuestion>> ask, PartRecord record, ModelFetcherOptions options, CancellationToken cancellationToken)
    {
        RangeCondition range = remote.MustMatch is null ? new RangeCondition(from, record.ETag, record.LastModified) { MustMatch = true } : new RangeCondition(from, null, null);
        HttpQuestion question = await ask(cancellationToken).ConfigureAwait(false);
        using HttpAnswer answer = await exchange.SendAsync(question with { Range = range with { To = from + length - 1 } }, cancellationToken).ConfigureAwait(false);
        string host = answer.Address.Authority;
        if (answer.Status is not (200 or 206 or 416))
        {
            // The address may be one that the source led to, and what its refusal means depends on that.
            throw await remote.JudgeAsync(answer with { LeftOrigin = whole.LeftOrigin || answer.LeftOrigin, Authorized = whole.Authorized }, cancellationToken).ConfigureAwait(false);
        }

        if (!IsWanted(answer, record))
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} does not give the part of the file that was asked for; it is read in one piece.");
        }

        using var idle = new CancellationTokenSource(options.IdleTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        try
        {
            Stream body = await answer.Response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            while (_filled < length)
            {
                int read = await body.ReadAsync(buffer.AsMemory(_filled, length - _filled), either.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} sent {_filled} of {length} bytes of a part and ended.");
                }

                Volatile.Write(ref _filled, _filled + read);
                idle.CancelAfter(options.IdleTimeout);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{host} sent nothing for {options.IdleTimeout.TotalSeconds:0} s; check the network between here and there.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} cut the connection after {from + _filled} bytes: {e.Message}", innerException: e);
        }
    }

    private bool IsWanted(HttpAnswer answer, PartRecord record)
    {
        System.Net.Http.Headers.ContentRangeHeaderValue? range = answer.Response.Content.Headers.ContentRange;
        return answer.Status == 206 && range is { Unit: "bytes" } && range.From == from && range.To == from + length - 1 && range.Length == record.TotalBytes
            && answer.Response.Content.Headers.ContentEncoding.Count == 0
            && record.IsOf(answer.Response);
    }
}
