using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>
/// Lines of Prometheus' text form, made by <see cref="ScrapeTextWriter"/>. Kept compressed, as scrapes take them: lines of many objects shrink to a
/// twentieth, and an answer takes no more than sending them. Immutable.
/// </summary>
public sealed class ScrapeText
{
    private static readonly byte[] EmptyBlock = [3, 0];
    private static readonly byte[] GzipHeader = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

    private readonly ReadOnlyMemory<byte> _deflated;
    private readonly ReadOnlyMemory<byte> _unended;
    private readonly Crc32 _checksum;
    private readonly uint _length;

    /// <param name="deflated">The lines as a whole raw deflate stream.</param>
    /// <param name="unended">Bytes of it before its last block, which is empty: other blocks may follow there.</param>
    /// <param name="checksum">Of the lines.</param>
    /// <param name="length">Bytes of the lines.</param>
    internal ScrapeText(ReadOnlyMemory<byte> deflated, int unended, Crc32 checksum, long length)
    {
        _deflated = deflated;
        _unended = deflated[..unended];
        _checksum = checksum;
        _length = unchecked((uint)length);
    }

    /// <summary>Bytes that are kept.</summary>
    public int CompressedBytes => _deflated.Length;

    /// <summary>Writes the lines as they are.</summary>
    public async Task WritePlainAsync(Stream body, CancellationToken cancellationToken)
    {
        using var deflated = new MemoryStream(_deflated.ToArray(), writable: false);
        await using var inflate = new DeflateStream(deflated, CompressionMode.Decompress);
        await inflate.CopyToAsync(body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes the lines, or none, and others after them, as one gzip member: clients are at odds about more than one.</summary>
    internal static async Task WriteGzipAsync(ScrapeText? text, ReadOnlyMemory<byte> others, Stream body, CancellationToken cancellationToken)
    {
        using var end = new MemoryStream();
        await using (var deflate = new DeflateStream(end, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(others.Span);
        }

        if (others.IsEmpty)
        {
            // Of nothing the compressor makes nothing, not even an end.
            end.Write(EmptyBlock);
        }

        var checksum = text?._checksum.Clone() ?? new Crc32();
        checksum.Append(others.Span);
        var trailer = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, checksum.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), unchecked((text?._length ?? 0) + (uint)others.Length));
        end.Write(trailer);

        await body.WriteAsync(GzipHeader, cancellationToken).ConfigureAwait(false);
        await body.WriteAsync(text?._unended ?? default, cancellationToken).ConfigureAwait(false);
        await body.WriteAsync(end.GetBuffer().AsMemory(0, (int)end.Length), cancellationToken).ConfigureAwait(false);
    }
}
