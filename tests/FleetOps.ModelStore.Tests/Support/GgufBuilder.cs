using System.Text;
using FleetOps.ModelStore.Gguf;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>Writes GGUF files, right ones and wrong ones.</summary>
public sealed class GgufBuilder
{
    private readonly List<(string Key, Action<BinaryWriter> Value)> _metadata = [];
    private readonly List<(string Name, long[] Dimensions, uint Type, ulong? Offset, byte[] Data)> _tensors = [];

    public uint Magic { get; set; } = 0x46554747;

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    public ulong? TensorCount { get; set; }

    public ulong? MetadataCount { get; set; }

    /// <summary>A small, whole model with a bit of everything.</summary>
    public static GgufBuilder Model(int tensorBytes = 256, int seed = 1)
    {
        var data = new byte[tensorBytes / 32 * 32];
        new Random(seed).NextBytes(data);
        return new GgufBuilder()
            .Text("general.architecture", "llama")
            .Text("general.name", "small")
            .Text("general.license", "apache-2.0")
            .Number("general.file_type", 1)
            .Number("llama.context_length", 512)
            .Number("llama.block_count", 2)
            .Number("llama.embedding_length", 64)
            .Text("tokenizer.ggml.model", "llama")
            .Texts("tokenizer.ggml.tokens", Enumerable.Range(0, 300).Select(i => $"t{i}"))
            .Text("tokenizer.chat_template", "{{ messages }}")
            .Tensor("token_embd.weight", GgufTensorType.F16, [16, data.Length / 32], data)
            .Tensor("output_norm.weight", GgufTensorType.F32, [5], new byte[20]);
    }

    /// <summary>The files of a model that is split as llama.cpp splits them: all metadata in the first, some tensors in each.</summary>
    public static byte[][] Split(int count, int tensorBytes = 256, int seed = 1) => [.. Enumerable.Range(0, count).Select(number => SplitFile(number, count, tensorBytes, seed).Build())];

    /// <summary>One of these files, counted from 0.</summary>
    public static GgufBuilder SplitFile(int number, int count, int tensorBytes = 256, int seed = 1)
    {
        var data = new byte[tensorBytes / 32 * 32];
        new Random(seed + number).NextBytes(data);
        return (number == 0 ? Model(tensorBytes, seed) : new GgufBuilder().Tensor($"blk.{number}.ffn_up.weight", GgufTensorType.F16, [16, data.Length / 32], data))
            .Value("split.no", GgufValueType.UInt16, writer => writer.Write((ushort)number))
            .Value("split.count", GgufValueType.UInt16, writer => writer.Write((ushort)count))
            .Value("split.tensors.count", GgufValueType.Int32, writer => writer.Write(count + 1));
    }

    public GgufBuilder Value(string key, GgufValueType type, Action<BinaryWriter> value)
    {
        _metadata.Add((key, writer =>
        {
            writer.Write((uint)type);
            value(writer);
        }
        ));
        return this;
    }

    public GgufBuilder Text(string key, string value) => Value(key, GgufValueType.String, writer => Write(writer, value));

    public GgufBuilder Number(string key, uint value) => Value(key, GgufValueType.UInt32, writer => writer.Write(value));

    public GgufBuilder Texts(string key, IEnumerable<string> values) => Value(key, GgufValueType.Array, writer =>
    {
        string[] all = [.. values];
        writer.Write((uint)GgufValueType.String);
        writer.Write((ulong)all.Length);
        foreach (string value in all)
        {
            Write(writer, value);
        }
    });

    public GgufBuilder Tensor(string name, GgufTensorType type, long[] dimensions, byte[] data, ulong? offset = null) =>
        Tensor(name, (uint)type, dimensions, data, offset);

    public GgufBuilder Tensor(string name, uint type, long[] dimensions, byte[] data, ulong? offset = null)
    {
        _tensors.Add((name, dimensions, type, offset, data));
        return this;
    }

    public byte[] Build()
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)_tensors.Count);
        writer.Write(MetadataCount ?? (ulong)_metadata.Count);
        foreach ((string key, Action<BinaryWriter> value) in _metadata)
        {
            Write(writer, key);
            value(writer);
        }

        long offset = 0;
        foreach ((string name, long[] dimensions, uint type, ulong? lie, byte[] data) in _tensors)
        {
            Write(writer, name);
            writer.Write((uint)dimensions.Length);
            foreach (long extent in dimensions)
            {
                writer.Write(extent);
            }

            writer.Write(type);
            writer.Write(lie ?? (ulong)offset);
            offset = Padded(offset + data.Length);
        }

        Pad(writer);
        foreach ((_, _, _, _, byte[] data) in _tensors)
        {
            writer.Write(data);
            Pad(writer);
        }

        writer.Flush();
        return stream.ToArray();
    }

    public GgufHeader Read()
    {
        byte[] file = Build();
        return GgufHeader.Read(new MemoryStream(file), file.Length);
    }

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private void Pad(BinaryWriter writer)
    {
        writer.Flush();
        writer.Write(new byte[Padded(writer.BaseStream.Position) - writer.BaseStream.Position]);
    }

    private long Padded(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
