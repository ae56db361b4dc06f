using System.Globalization;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Downloads;

/// <summary>
/// Brings a partial file to its full length, attempt by attempt. Each attempt begins at the location the source names, because the redirects behind it
/// may be signed and run out.
/// </summary>
/// <param name="exchange">Sends the requests.</param>
/// <param name="options">How patient to be, and how many requests to have at once.</param>
/// <param name="reporter">Is told how it goes.</param>
/// <param name="maxAttempts">How often an attempt may fail in a row.</param>
/// <param name="requireSpace">Refuses what cannot fit any more: so many bytes that are still to be written.</param>
internal sealed class Download(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter, int maxAttempts, Action<long> requireSpace)
{
    private static readonly byte[] Magic = "GGUF"u8.ToArray();

    // After so many bytes the disk is looked at again, which others fill too.
    private const long SpaceCheckBytes = 16 << 20;

    private readonly SerialDownload _serial = new(options, reporter);
    private readonly ParallelDownload _parallel = new(exchange, options, reporter);

    // A server in front of the one that has the file may mean another file by its validator.
    private bool _mayMatch = true;

    private long _spaceCheckedAt;

    // Fewer after each fault, so that a server that does not bear many gets one in the end.
    private int _connections = options.Connections;

    /// <summary>Looks at the first answer of a download that begins anew; what it throws ends the download.</summary>
    public Action<PartRecord>? Begins { get; init; }

    /// <summary>From now on the file is read in one piece.</summary>
    public void ReadInOnePiece() => _connections = 1;

    /// <summary>Downloads what is missing.</summary>
    /// <param name="remote">The file.</param>
    /// <param name="sha256">The digest it has to have; null when nobody names one.</param>
    /// <param name="part">Where the bytes go.</param>
    /// <param name="folder">The folder of the part, for messages.</param>
    /// <param name="cancellationToken">Ends the download; the part stays resumable.</param>
    /// <exception cref="ModelSourceException">The file cannot be had.</exception>
    public async Task CompleteAsync(RemoteFile remote, string? sha256, PartialFile part, string folder, CancellationToken cancellationToken)
    {
        var retry = new RetryLoop(options, reporter, maxAttempts);
        reporter.Enter(FetchPhase.Fetching, part.Length, part.Record?.TotalBytes ?? remote.SizeBytes);
        await retry.RunAsync(
            async token =>
            {
                try
                {
                    await AttemptAsync(remote, sha256, part, folder, token).ConfigureAwait(false);
                }
                catch (TransientSourceException fault) when (fault.Reason != ModelSourceReason.SourceUnauthorized)
                {
                    // A signature or a token that ran out says nothing about how many requests the server bears.
                    _connections = Math.Max(1, _connections / 2);
                    throw;
                }
                finally
                {
                    // Whatever ended the attempt, the next one (in this process or another) starts from here.
                    await CheckpointAsync(part, folder).ConfigureAwait(false);
                }

                return true;
            },
            () => part.Length,
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task CheckpointAsync(PartialFile part, string folder)
    {
        try
        {
            await part.CheckpointAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw DiskFaults.OnWrite(e, folder);
        }
    }

    private async Task AttemptAsync(RemoteFile remote, string? sha256, PartialFile part, string folder, CancellationToken cancellationToken)
    {
        long? known = part.Record?.TotalBytes ?? remote.SizeBytes;
        if (part.Length > 0 && part.Length == known)
        {
            return;
        }

        if (part.Length > known)
        {
            part.Restart();
        }

        RemoteAddress address = await remote.LocateAsync(cancellationToken).ConfigureAwait(false);
        GoOnAt(address.Location.Authority, sha256, part);

        using HttpAnswer answer = await exchange.SendAsync(Question(remote, address, part), cancellationToken).ConfigureAwait(false);
        if (answer.Status is not (200 or 206 or 416))
        {
            throw await JudgeAsync(answer, remote, part, cancellationToken).ConfigureAwait(false);
        }

        long? total = Accept(answer, remote, part);
        if (total == part.Length && part.Length > 0)
        {
            return;
        }

        PartRecord record = Record(answer, remote, address, sha256, total);
        Check(record, part);
        try
        {
            part.Describe(record);
            reporter.Enter(FetchPhase.Fetching, part.Length, total);
            await (_connections > 1 && total is { } all && _parallel.Suits(answer, sha256, all - part.Length, part.Record!)
                ? CopyPartsAsync(answer, remote, address, sha256, part, cancellationToken)
                : _serial.RunAsync(answer, part, start => RefuseForeign(start.Span, sha256, answer.Address.Authority), () => WatchSpace(part), cancellationToken)).ConfigureAwait(false);
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw DiskFaults.OnWrite(e, folder);
        }

        if (total is not null && part.Length != total)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} sent {part.Length} of {total} bytes and ended.");
        }
    }

    private void Check(PartRecord record, PartialFile part)
    {
        if (part.Length == 0)
        {
            Begins?.Invoke(record);
        }

        _spaceCheckedAt = part.Length;
        if (record.TotalBytes is { } total)
        {
            requireSpace(total - part.Length);
        }
    }

    private async ValueTask<ModelSourceException> JudgeAsync(HttpAnswer answer, RemoteFile remote, PartialFile part, CancellationToken cancellationToken)
    {
        if (answer.Status != 412 || remote.MustMatch is not null)
        {
            return await remote.JudgeAsync(answer, cancellationToken).ConfigureAwait(false);
        }

        _mayMatch = false;
        part.Restart();
        return Replaced(answer);
    }

    // Validators of one host mean nothing to another; a digest tells whether the two have the same file.
    private static void GoOnAt(string host, string? sha256, PartialFile part)
    {
        if (part.Record is not { Host: { } before } old || before == host)
        {
            return;
        }

        if (sha256 is null)
        {
            part.Restart();
        }
        else
        {
            part.Describe(old with { Host = host, ETag = null, LastModified = null });
        }
    }

    private static PartRecord Record(HttpAnswer answer, RemoteFile remote, RemoteAddress address, string? sha256, long? total) => new()
    {
        Sha256 = sha256,
        Revision = remote.Revision,
        Host = address.Location.Authority,
        ETag = answer.Response.Headers.ETag?.ToString(),
        LastModified = answer.Response.Content.Headers.LastModified,
        TotalBytes = total,
    };

    private HttpQuestion Question(RemoteFile remote, RemoteAddress address, PartialFile part) => new(HttpMethod.Get, address.Location)
    {
        Authorization = address.Authorization,
        Range = part.Length == 0 ? null
            : remote.MustMatch is null ? new RangeCondition(part.Length, part.Record?.ETag, part.Record?.LastModified) { MustMatch = _mayMatch }
            : new RangeCondition(part.Length, null, null),
        Headers = remote.MustMatch is { } tag ? [("If-Match", tag)] : [],
    };

    private async Task CopyPartsAsync(
        HttpAnswer answer, RemoteFile remote, RemoteAddress address, string? sha256, PartialFile part, CancellationToken cancellationToken)
    {
        HttpQuestion first = Question(remote, address, part);
        answer.Dispose();
        await _parallel.RunAsync(
            answer, remote, AskAsync, _connections, part, start => RefuseForeign(start.Span, sha256, answer.Address.Authority), () => WatchSpace(part), cancellationToken)
            .ConfigureAwait(false);

        // Where the source led to, so that it is not asked for each range; what is made here is fresh for each.
        async ValueTask<HttpQuestion> AskAsync(CancellationToken token)
        {
            if (answer.LeftOrigin && !remote.IsSignedHere)
            {
                return first with { Address = answer.Address, Authorization = null };
            }

            RemoteAddress now = await remote.LocateAsync(token).ConfigureAwait(false);
            return first with { Address = remote.IsSignedHere ? now.Location : answer.Address, Authorization = now.Authorization };
        }
    }

    // The disk is filled by others too, so what is still to come is held against what is free as it goes, before nothing is left to anybody.
    private void WatchSpace(PartialFile part)
    {
        if (part.Length - _spaceCheckedAt >= SpaceCheckBytes)
        {
            _spaceCheckedAt = part.Length;
            requireSpace(part.Record?.TotalBytes is { } total ? total - part.Length : SpaceCheckBytes);
        }
    }

    private static TransientSourceException Replaced(HttpAnswer answer) => new(
        ModelSourceReason.SourceUnreachable, $"{answer.Address.Authority} holds another file than when the download began; it is begun anew.");

    /// <summary>Checks that an answer continues the part (or begins it) and returns the size of the whole file, if it is told.</summary>
    private static long? Accept(HttpAnswer answer, RemoteFile remote, PartialFile part)
    {
        long? total;
        switch (answer.Status)
        {
            case 200:
                part.Restart();
                total = answer.Response.Content.Headers.ContentLength;
                break;
            case 206 when Continues(answer, part):
                part.Joined = true;
                total = answer.Response.Content.Headers.ContentRange?.Length;
                break;
            case 416 when answer.Response.Content.Headers.ContentRange?.Length == part.Length:
                return part.Length;
            default:
                part.Restart();
                throw Replaced(answer);
        }

        if (answer.Response.Content.Headers.ContentEncoding.Count > 0)
        {
            throw new ModelSourceException(
                ModelSourceReason.SourceUnreachable,
                $"{HttpModelSource.Redact(answer.Address)} sends the file compressed ({string.Join(", ", answer.Response.Content.Headers.ContentEncoding)}) though that was not asked for; correct the server.");
        }

        if (remote.SizeBytes is { } size && total is { } sent && size != sent)
        {
            part.Restart();
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable,
                string.Create(CultureInfo.InvariantCulture, $"{HttpModelSource.Redact(answer.Address)} offers {sent} bytes where the source's metadata names {size}."));
        }

        return total ?? remote.SizeBytes;
    }

    // Some servers ignore If-Range, so what they answer is compared too.
    private static bool Continues(HttpAnswer answer, PartialFile part)
    {
        System.Net.Http.Headers.ContentRangeHeaderValue? range = answer.Response.Content.Headers.ContentRange;
        bool place = range is { Unit: "bytes", From: { } from } && from == part.Length && (part.Record?.TotalBytes ?? range.Length) == range.Length;
        return place && part.Record?.IsOf(answer.Response) != false;
    }

    // Without a digest, a page that came instead of a model need not be downloaded to its end. With one, the digest decides.
    private static void RefuseForeign(ReadOnlySpan<byte> start, string? sha256, string host)
    {
        if (sha256 is null && start.Length >= Magic.Length && !start.StartsWith(Magic))
        {
            uint magic = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(start);
            throw new ModelSourceException(
                ModelSourceReason.InvalidGguf, $"What {host} sends starts with {GgufMagic.Describe(magic)} instead of 'GGUF'; {GgufMagic.Guess(magic)}");
        }
    }
}
