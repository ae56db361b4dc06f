using System.Buffers.Binary;
using System.Text;

namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// Reads little-endian fields off a stream of known length. Nothing is allocated or skipped before it is known to lie inside the file, so a
/// lying length costs nothing.
/// </summary>
internal sealed class GgufCursor(Stream stream, long length)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _next;
    private int _filled;

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Size of the whole file in bytes.</summary>
    public long Length => length;

    /// <summary>Bytes that are left.</summary>
    public long Remaining => length - Position;

    public byte ReadByte(string field) => Take(1, field)[0];

    public ushort ReadUInt16(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, field));

    public uint ReadUInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, field));

    public ulong ReadUInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, field));

    /// <summary>Reads the length of a string and checks that the string lies inside the file.</summary>
    public long ReadStringLength(string field)
    {
        long start = Position;
        ulong bytes = ReadUInt64(field);
        return bytes <= (ulong)Remaining
            ? (long)bytes
            : throw new GgufFormatException(field, start, $"a string of {bytes} bytes does not fit into the {Remaining} bytes that are left; the file is truncated or damaged.");
    }

    /// <summary>Reads a string that must not be longer than a bound.</summary>
    public string ReadString(string field, int maxBytes)
    {
        long start = Position;
        long bytes = ReadStringLength(field);
        return bytes <= maxBytes
            ? ReadText(field, (int)bytes)
            : throw new GgufFormatException(field, start, $"a string of {bytes} bytes where at most {maxBytes} are allowed; the file is damaged.");
    }

    /// <summary>Reads UTF-8 of a length that was checked before.</summary>
    public string ReadText(string field, int bytes)
    {
        long start = Position;
        byte[]? large = bytes > _buffer.Length ? new byte[bytes] : null;
        ReadOnlySpan<byte> span;
        if (large is null)
        {
            span = Take(bytes, field);
        }
        else
        {
            CopyTo(large, field);
            span = large;
        }

        try
        {
            return Utf8.GetString(span);
        }
        catch (DecoderFallbackException)
        {
            throw new GgufFormatException(field, start, "the string is not UTF-8; the file is damaged.");
        }
    }

    /// <summary>Passes over bytes without reading them where the stream can seek.</summary>
    public void Skip(long bytes, string field)
    {
        if (bytes > Remaining)
        {
            throw Truncated(bytes, field);
        }

        long buffered = Math.Min(bytes, _filled - _next);
        _next += (int)buffered;
        Position += buffered;
        bytes -= buffered;
        if (bytes > _buffer.Length && stream.CanSeek)
        {
            stream.Seek(bytes, SeekOrigin.Current);
            Position += bytes;
            return;
        }

        while (bytes > 0)
        {
            int step = (int)Math.Min(bytes, _buffer.Length);
            Take(step, field);
            bytes -= step;
        }
    }

    /// <summary>A hash (FNV-1a, 64 bits) of a string's bytes up to the first that is 0, where C ends it.</summary>
    public ulong HashText(long bytes, string field)
    {
        if (bytes > Remaining)
        {
            throw Truncated(bytes, field);
        }

        ulong hash = 14_695_981_039_346_656_037;
        bool ended = false;
        while (bytes > 0)
        {
            int step = (int)Math.Min(bytes, _buffer.Length);
            foreach (byte value in Take(step, field))
            {
                ended |= value == 0;
                hash = ended ? hash : (hash ^ value) * 1_099_511_628_211;
            }

            bytes -= step;
        }

        return hash;
    }

    private ReadOnlySpan<byte> Take(int bytes, string field)
    {
        if (bytes > Remaining)
        {
            throw Truncated(bytes, field);
        }

        if (_filled - _next < bytes)
        {
            Fill(bytes, field);
        }

        ReadOnlySpan<byte> span = _buffer.AsSpan(_next, bytes);
        _next += bytes;
        Position += bytes;
        return span;
    }

    private void CopyTo(Span<byte> target, string field)
    {
        while (target.Length > 0)
        {
            int step = Math.Min(target.Length, _buffer.Length);
            Take(step, field).CopyTo(target);
            target = target[step..];
        }
    }

    private void Fill(int bytes, string field)
    {
        _buffer.AsSpan(_next, _filled - _next).CopyTo(_buffer);
        _filled -= _next;
        _next = 0;
        while (_filled < bytes)
        {
            int read = stream.Read(_buffer, _filled, _buffer.Length - _filled);
            if (read == 0)
            {
                throw Truncated(bytes, field);
            }

            _filled += read;
        }
    }

    private GgufFormatException Truncated(long bytes, string field) =>
        new(field, Position, $"{bytes} bytes are needed and {Remaining} are left; the file is truncated, fetch it again.");
}
