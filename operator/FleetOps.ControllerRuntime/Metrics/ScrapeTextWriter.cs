using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>
/// Writes lines of Prometheus' text form, of gauges: one <see cref="Begin"/>, <see cref="Label"/> for each label and <see cref="End"/> for each
/// sample, and <see cref="Family"/> before the samples of a family. Not thread-safe.
/// </summary>
public sealed class ScrapeTextWriter : IDisposable
{
    private const int Size = 64 * 1024;
    private const int LongestNumber = 32;

    private static readonly SearchValues<char> Escaped = SearchValues.Create("\\\"\n");

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Size);
    private readonly MemoryStream _deflated = new();
    private readonly DeflateStream _deflate;
    private readonly Crc32 _checksum = new();
    private string _family = "";
    private int _used;
    private long _length;
    private bool _hasLabels;

    /// <summary>Starts with no lines.</summary>
    public ScrapeTextWriter() => _deflate = new DeflateStream(_deflated, CompressionLevel.Fastest, leaveOpen: true);

    /// <summary>Begins a family of samples.</summary>
    /// <param name="name">A valid name of a metric.</param>
    /// <param name="help">What it tells, in one line.</param>
    public void Family(string name, string help)
    {
        _family = name;
        Write("# HELP ");
        Write(name);
        Write(" ");
        Write(help);
        Write("\n# TYPE ");
        Write(name);
        Write(" gauge\n");
    }

    /// <summary>Begins a sample of the family.</summary>
    public void Begin()
    {
        Write(_family);
        _hasLabels = false;
    }

    /// <summary>Adds a label to the sample.</summary>
    /// <param name="name">A valid name of a label, once for each sample.</param>
    /// <param name="value">Any text.</param>
    public void Label(string name, string value)
    {
        Write(_hasLabels ? "," : "{");
        _hasLabels = true;
        Write(name);
        Write("=\"");
        Write(value.AsSpan().ContainsAny(Escaped) ? Escape(value) : value);
        Write("\"");
    }

    /// <summary>Ends the sample with its value.</summary>
    public void End(double value)
    {
        Write(_hasLabels ? "} " : " ");
        Reserve(LongestNumber);
        value.TryFormat(_buffer.AsSpan(_used), out var written, default, CultureInfo.InvariantCulture);
        _used += written;
        Write("\n");
    }

    /// <summary>The lines. Nothing may be written afterwards.</summary>
    public ScrapeText ToText()
    {
        Spill();
        // All that has been written is in whole blocks then, and what closing adds is an empty one.
        _deflate.Flush();
        var unended = (int)_deflated.Length;
        _deflate.Dispose();
        return new ScrapeText(_deflated.ToArray(), unended, _checksum, _length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _deflate.Dispose();
        _deflated.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private void Write(string text)
    {
        if (Encoding.UTF8.TryGetBytes(text, _buffer.AsSpan(_used), out var written))
        {
            _used += written;
            return;
        }

        Spill();
        if (Encoding.UTF8.TryGetBytes(text, _buffer, out written))
        {
            _used = written;
            return;
        }

        Spill(Encoding.UTF8.GetBytes(text));
    }

    private void Reserve(int bytes)
    {
        if (_buffer.Length - _used < bytes)
        {
            Spill();
        }
    }

    private void Spill()
    {
        Spill(_buffer.AsSpan(0, _used));
        _used = 0;
    }

    private void Spill(ReadOnlySpan<byte> lines)
    {
        _checksum.Append(lines);
        _deflate.Write(lines);
        _length += lines.Length;
    }
}
