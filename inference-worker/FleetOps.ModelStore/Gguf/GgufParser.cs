namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// Turns the head of a file into a <see cref="GgufHeader"/>. Accepts at most what llama.cpp accepts: versions 2 and 3, no nested arrays, tensors in
/// order and without gaps; it is stricter where a lying number could cost memory.
/// </summary>
internal sealed class GgufParser(GgufCursor cursor)
{
    private const uint Magic = 0x46554747;
    private const ulong MaxMetadata = 1 << 16;
    private const ulong MaxTensors = 1 << 17;
    private const uint DefaultAlignment = 32;
    private const uint MaxAlignment = 1 << 30;

    public GgufHeader Parse()
    {
        uint version = ReadPreamble();
        ulong tensorCount = ReadCount("tensor count", MaxTensors, GgufTensorReader.MinBytes);
        ulong metadataCount = ReadCount("metadata count", MaxMetadata, GgufMetadataReader.MinBytes);
        var budget = new GgufBudget();
        Dictionary<string, GgufValue> metadata = new GgufMetadataReader(cursor, budget).Read(metadataCount);
        uint alignment = FindAlignment(metadata);
        List<GgufTensor> tensors = new GgufTensorReader(cursor, budget, alignment).Read(tensorCount);
        long dataOffset = tensors.Count == 0 ? cursor.Position : Align(cursor.Position, alignment);
        CheckData(tensors, dataOffset);
        return new GgufHeader(version, alignment, dataOffset, cursor.Length, metadata, tensors);
    }

    /// <summary>The next multiple of an alignment, which is a power of two.</summary>
    public static long Align(long offset, uint alignment) => (offset + alignment - 1) & ~((long)alignment - 1);

    private uint ReadPreamble()
    {
        if (cursor.Length < 24)
        {
            throw new GgufFormatException("magic", 0, $"the file has {cursor.Length} bytes, less than the smallest GGUF file; fetch it again.");
        }

        uint magic = cursor.ReadUInt32("magic");
        if (magic != Magic)
        {
            throw new GgufFormatException("magic", 0, $"the file starts with {GgufMagic.Describe(magic)} instead of 'GGUF'; {GgufMagic.Guess(magic)}");
        }

        long start = cursor.Position;
        uint version = cursor.ReadUInt32("version");
        return version switch
        {
            2 or 3 => version,
            _ when (version & 0xFFFF) == 0 && version != 0 => throw new GgufFormatException("version", start, "the file is big-endian, which is not supported; convert it to little-endian."),
            1 => throw new GgufFormatException("version", start, "version 1 is not supported any more; convert the model anew."),
            _ => throw new GgufFormatException("version", start, $"version {version} is not supported, only 2 and 3 are; convert the model with a llama.cpp of the same age as this program."),
        };
    }

    private ulong ReadCount(string field, ulong max, long minBytes)
    {
        long start = cursor.Position;
        ulong count = cursor.ReadUInt64(field);
        if (count > max)
        {
            throw new GgufFormatException(field, start, $"{count} entries where at most {max} are allowed; the file is damaged.");
        }

        return (long)count <= cursor.Remaining / minBytes
            ? count
            : throw new GgufFormatException(field, start, $"{count} entries do not fit into the {cursor.Remaining} bytes that are left; the file is truncated or damaged.");
    }

    private static uint FindAlignment(Dictionary<string, GgufValue> metadata)
    {
        if (!metadata.TryGetValue("general.alignment", out GgufValue? value))
        {
            return DefaultAlignment;
        }

        return value is { Type: GgufValueType.UInt32, NonNegative: { } alignment } && alignment <= MaxAlignment && ulong.IsPow2(alignment)
            ? (uint)alignment
            : throw new GgufFormatException("general.alignment", 0, $"the alignment is {value}, it has to be a 32-bit power of two up to {MaxAlignment}; convert the model anew.");
    }

    private void CheckData(List<GgufTensor> tensors, long dataOffset)
    {
        if (tensors.Count == 0)
        {
            return;
        }

        GgufTensor last = tensors[^1];
        long end = last.Offset + last.SizeBytes;
        if (end > cursor.Length - dataOffset)
        {
            throw new GgufFormatException("tensor data", Math.Min(dataOffset, cursor.Length), $"{end} bytes of tensor data are declared and {Math.Max(0, cursor.Length - dataOffset)} are there; the file is truncated, fetch it again.");
        }
    }
}
