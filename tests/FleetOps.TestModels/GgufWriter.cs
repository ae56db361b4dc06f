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

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using var file = new BufferedStream(File.Create(path), 1 << 20);
        using var writer = new BinaryWriter(file);
        writer.Write(Magic);
        writer.Write(3u);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_metadata.Count);
        _metadata.ForEach(write => write(writer));
        WriteTensorTable(writer);
        Pad(writer);
        foreach (var (name, shape, type, fill) in _tensors)
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

    private void WriteTensorTable(BinaryWriter writer)
    {
        long offset = 0;
        foreach (var (name, shape, type, _) in _tensors)
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
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        String = 8,
        Array = 9,
    }
}
