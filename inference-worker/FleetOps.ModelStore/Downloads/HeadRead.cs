using System.Net.Http.Headers;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Downloads;

/// <summary>Reads the header of a remote file by ranges that grow until it is there, and no weights but those in the last of them.</summary>
internal sealed class HeadRead(HttpExchange exchange, ModelFetcherOptions options)
{
    /// <summary>How many bytes are asked for first.</summary>
    public const int FirstBytes = 1 << 20;

    private const int MostBytes = 64 << 20;

    /// <summary>Reads it.</summary>
    /// <param name="remote">The file.</param>
    /// <param name="fileName">The name that it will have.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="number">Which file of its model it is, from 1.</param>
    /// <param name="count">How many files its model has.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ModelSourceException">It cannot be had, or is no header of a model; transient where another attempt may help.</exception>
    public async Task<FileHead> ReadAsync(RemoteFile remote, string fileName, string name, int number, int count, CancellationToken cancellationToken)
    {
        RemoteAddress address = await remote.LocateAsync(cancellationToken).ConfigureAwait(false);
        var question = new HttpQuestion(HttpMethod.Get, address.Location)
        {
            Authorization = address.Authorization,
            Headers = remote.MustMatch is { } tag ? [("If-Match", tag)] : [],
        };
        byte[] buffer = new byte[FirstBytes];
        int filled = 0;
        HttpAnswer answer = await AskAsync(remote, question, new RangeCondition(0, null, null) { To = buffer.Length - 1 }, cancellationToken).ConfigureAwait(false);
        try
        {
            long total = answer.Response.Content.Headers.ContentRange?.Length ?? (answer.Status == 200 ? answer.Response.Content.Headers.ContentLength : null) ?? remote.SizeBytes
                ?? throw new ModelSourceException(ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} does not tell the size of {name}.");
            while (true)
            {
                int wanted = (int)Math.Min(total, buffer.Length);
                await FillAsync(answer, buffer.AsMemory(filled, wanted - filled), cancellationToken).ConfigureAwait(false);
                filled = wanted;
                if (Parse(buffer, filled, total, name, number, count) is { } header)
                {
                    return new FileHead(fileName, buffer.AsMemory(0, (int)Math.Min(filled, header.DataOffset)).ToArray(), header);
                }

                if (buffer.Length >= MostBytes)
                {
                    throw new ModelSourceException(ModelSourceReason.InvalidGguf, $"The header of {name} has more than {MostBytes} bytes.");
                }

                Array.Resize(ref buffer, 2 * buffer.Length);
                if (answer.Status == 206)
                {
                    string? validator = answer.Response.Headers.ETag?.ToString();
                    DateTimeOffset? modified = answer.Response.Content.Headers.LastModified;
                    answer.Dispose();
                    var rest = new RangeCondition(filled, remote.MustMatch is null ? validator : null, remote.MustMatch is null ? modified : null) { To = buffer.Length - 1 };
                    answer = await AskAsync(remote, question, rest, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            answer.Dispose();
        }
    }

    private async Task<HttpAnswer> AskAsync(RemoteFile remote, HttpQuestion question, RangeCondition range, CancellationToken cancellationToken)
    {
        HttpAnswer answer = await exchange.SendAsync(question with { Range = range }, cancellationToken).ConfigureAwait(false);
        try
        {
            if (answer.Status is not (200 or 206))
            {
                throw await remote.JudgeAsync(answer, cancellationToken).ConfigureAwait(false);
            }

            // The digest that is compared later vouches for a file that came over plain http. Nothing vouches for a header that is used before.
            if (!HttpExchange.IsPrivate(answer.Address))
            {
                throw new ModelSourceException(ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} is asked over plain http, so what it sends is not used before its digest is known.");
            }

            // A server without ranges sends the whole file, of which no more is read than is needed.
            ContentRangeHeaderValue? sent = answer.Response.Content.Headers.ContentRange;
            bool fits = answer.Status == 200 ? range.From == 0 : sent is { Unit: "bytes" } && sent.From == range.From;
            return fits && answer.Response.Content.Headers.ContentEncoding.Count == 0
                ? answer
                : throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} does not give the part of the file that was asked for.");
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private async Task FillAsync(HttpAnswer answer, Memory<byte> target, CancellationToken cancellationToken)
    {
        string host = answer.Address.Authority;
        using var idle = new CancellationTokenSource(options.IdleTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        try
        {
            Stream body = await answer.Response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
            await body.ReadExactlyAsync(target, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{host} did not send the header of the file within {options.IdleTimeout.TotalSeconds:0} s; check the network between here and there.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} cut the connection within the header of the file: {e.Message}", innerException: e);
        }
    }

    /// <summary>The header; null when more of the file is needed to read it.</summary>
    private static GgufHeader? Parse(byte[] buffer, int filled, long total, string name, int number, int count)
    {
        using var stream = new MemoryStream(buffer, 0, filled, writable: false);
        try
        {
            return ModelGate.Read(() => GgufHeader.Read(stream, total), name, number, count);
        }
        catch (ModelSourceException e) when (e.InnerException is GgufFormatException && stream.Position >= stream.Length && filled < total)
        {
            return null;
        }
    }
}
