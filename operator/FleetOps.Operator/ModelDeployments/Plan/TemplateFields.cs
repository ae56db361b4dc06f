using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>
/// Named fields as bytes, for a digest. Each text carries its length, so that no two sequences of fields look alike; a field that is absent
/// leaves no trace, so that one which a later version adds changes no digest of a template without it.
/// </summary>
internal ref struct TemplateFields : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(8192);
    private int _length;

    public TemplateFields()
    {
    }

    /// <summary>The first 16 hexadecimal digits of the SHA-256.</summary>
    public readonly string Digest()
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_bytes.AsSpan(0, _length), digest);
        return Convert.ToHexStringLower(digest[..8]);
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);

    public void Add(string name, string? value)
    {
        if (value is not null)
        {
            Text(name);
            Text(value);
        }
    }

    public void Add(string name, long? value)
    {
        if (value is { } number)
        {
            Text(name);
            BinaryPrimitives.WriteInt64LittleEndian(Room(sizeof(long)), number);
            _length += sizeof(long);
        }
    }

    public void Add(string name, bool? value) => Add(name, value is { } yes ? (yes ? 1L : 0L) : null);

    public void Add(string name, ReadOnlySpan<byte> value)
    {
        Text(name);
        Length(value.Length);
        value.CopyTo(Room(value.Length));
        _length += value.Length;
    }

    public void Add(string name, IList<string>? values)
    {
        Begin(name, values?.Count ?? 0);
        for (var i = 0; i < values?.Count; i++)
        {
            Text(values[i]);
        }
    }

    public void Add(string name, IDictionary<string, string>? values)
    {
        Begin(name, values?.Count ?? 0);
        foreach (var (key, value) in values ?? new Dictionary<string, string>())
        {
            Text(key);
            Text(value);
        }
    }

    /// <summary>Says how many items follow, if any do.</summary>
    public void Begin(string name, int items)
    {
        if (items > 0)
        {
            Text(name);
            Length(items);
        }
    }

    private void Text(string text)
    {
        var start = _length;
        var room = Room(sizeof(int) + Encoding.UTF8.GetMaxByteCount(text.Length));
        var written = Encoding.UTF8.GetBytes(text, room[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(room, written);
        _length = start + sizeof(int) + written;
    }

    private void Length(int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(sizeof(int)), length);
        _length += sizeof(int);
    }

    private Span<byte> Room(int bytes)
    {
        if (_bytes.Length - _length < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + bytes));
            _bytes.AsSpan(0, _length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }

        return _bytes.AsSpan(_length);
    }
}
