using System.Text;

namespace FleetOps.TestModels;

/// <summary>Writes GGUF files, version 3: metadata and tensors in the order in which they were added.</summary>
public sealed class GgufWriter
{
    private const uint Magic = 0x46554747;
    private const int Alignment = 32;
    private const int QuantizedBlock = 32;
    private const int QuantizedBlockBytes = 34;

    private readonly List<Action<BinaryWriter>> _metadata = [];
    private readonly List<(string Name, long[] Shape, TensorType Type, Action<Stream> Fill)> _tensors = [];

    public void Set(string key, uint value) => Add(key, GgufType.UInt32, writer => writer.Write(value));

    public void Set(string key, float value) => Add(key, GgufType.Float32, writer => writer.Write(value));

    public void Set(string key, bool value) => Add(key, GgufType.Bool, writer => writer.Write(value));

    public void Set(string key, string value) => Add(key, GgufType.String, writer => WriteText(writer, value));

    public void Set(string key, IReadOnlyList<string> values) => AddArray(key, GgufType.String, values, WriteText);

    public void Set(string key, IReadOnlyList<float> values) => AddArray(key, GgufType.Float32, values, static (writer, value) => writer.Write(value));

    public void Set(string key, IReadOnlyList<int> values) => AddArray(key, GgufType.Int32, values, static (writer, value) => writer.Write(value));

    /// <summary>Adds a tensor. The first dimension is that of a row; <paramref name="fill"/> writes its bytes.</summary>
    public void AddTensor(string name, TensorType type, long[] shape, Action<Stream> fill) => _tensors.Add((name, shape, type, fill));

    /// <summary>Writes the model in one file.</summary>
    public void Write(string path) => Write(path, _metadata, _tensors);

    /// <summary>Writes the model in several files, as llama.cpp splits them: <c>PREFIX-00001-of-00003.gguf</c> with all metadata, and so on.</summary>
    /// <param name="prefix">What their paths begin with.</param>
    /// <param name="count">How many files; at least 2, at most as many as there are tensors.</param>
    /// <returns>Their paths.</returns>
    public IReadOnlyList<string> WriteSplit(string prefix, int count)
    {
        var paths = new List<string>();
        for (var number = 0; number < count; number++)
        {
            var split = new GgufWriter();
            split.Add("split.no", GgufType.UInt16, writer => writer.Write((ushort)number));
            split.Add("split.count", GgufType.UInt16, writer => writer.Write((ushort)count));
            split.Add("split.tensors.count", GgufType.Int32, writer => writer.Write(_tensors.Count));
            var (start, end) = (_tensors.Count * number / count, _tensors.Count * (number + 1) / count);
            paths.Add($"{prefix}-{number + 1:D5}-of-{count:D5}.gguf");
            Write(paths[^1], number == 0 ? [.. _metadata, .. split._metadata] : split._metadata, _tensors[start..end]);
        }

        return paths;
    }

    private static void Write(string path, List<Action<BinaryWriter>> metadata, List<(string Name, long[] Shape, TensorType Type, Action<Stream> Fill)> tensors)
    {
        using var file = new BufferedStream(File.Create(path), 1 << 20);
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        metadata.ForEach(write => write(writer));
        WriteTensorTable(writer, tensors);
        Pad(writer);
        foreach (var (name, shape, type, fill) in tensors)
        {
            var start = file.Position;
            fill(file);
            if (file.Position - start != Bytes(type, shape))
            {
                throw new InvalidOperationException($"{name} has {file.Position - start} bytes where its shape needs {Bytes(type, shape)}.");
            }

            Pad(writer);
        }
    }

    internal static long Elements(long[] shape) => shape.Aggregate(1L, static (product, length) => product * length);

    private static long Bytes(TensorType type, long[] shape) => type switch
    {
        TensorType.F32 => Elements(shape) * 4,
        TensorType.F16 => Elements(shape) * 2,
        TensorType.Q8_0 => Elements(shape) / QuantizedBlock * QuantizedBlockBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A tensor can be F32, F16 or Q8_0."),
    };

    private static void WriteTensorTable(BinaryWriter writer, List<(string Name, long[] Shape, TensorType Type, Action<Stream> Fill)> tensors)
    {
        long offset = 0;
        foreach (var (name, shape, type, _) in tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            foreach (var length in shape)
            {
                writer.Write((ulong)length);
            }

            writer.Write((uint)type);
            writer.Write((ulong)offset);
            offset += (Bytes(type, shape) + Alignment - 1) / Alignment * Alignment;
        }
    }

    private void Add(string key, GgufType type, Action<BinaryWriter> value) => _metadata.Add(writer =>
    {
        WriteText(writer, key);
        writer.Write((uint)type);
        value(writer);
    });

    private void AddArray<T>(string key, GgufType type, IReadOnlyList<T> values, Action<BinaryWriter, T> write) => Add(key, GgufType.Array, writer =>
    {
        writer.Write((uint)type);
        writer.Write((ulong)values.Count);
        foreach (var value in values)
        {
            write(writer, value);
        }
    });

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        while (writer.BaseStream.Position % Alignment != 0)
        {
            writer.Write((byte)0);
        }
    }

    private enum GgufType : uint
    {
        UInt16 = 2,
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        String = 8,
        Array = 9,
    }
}
