namespace FleetOps.ModelStore.Gguf;

/// <summary>
/// Turns the head of a file into a <see cref="GgufHeader"/>. Accepts at most what llama.cpp accepts: versions 2 and 3, no nested arrays, tensors in
/// order and without gaps; it is stricter where a lying number could cost memory.
/// </summary>
internal sealed class GgufParser(GgufCursor cursor)
{
    private const uint Magic = 0x46554747;
    private const int MaxKeyBytes = 65_535;
    private const int MaxTensorNameBytes = 63;
    private const int MaxHeldStringBytes = 1 << 20;
    private const int MaxHeldElements = 256;
    private const long MaxArrayElements = 1 << 26;
    private const ulong MaxMetadata = 1 << 16;
    private const ulong MaxTensors = 1 << 17;
    private const long MinMetadataBytes = 8 + 1 + 4 + 1;
    private const long MinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;
    private const uint DefaultAlignment = 32;
    private const uint MaxAlignment = 1 << 30;

    // Strings of the header that are held, together; a real file needs less than a tenth.
    private const long MaxHeldBytes = 32 << 20;

    private long _held;

    public GgufHeader Parse()
    {
        uint version = ReadPreamble();
        ulong tensorCount = ReadCount("tensor count", MaxTensors, MinTensorBytes);
        ulong metadataCount = ReadCount("metadata count", MaxMetadata, MinMetadataBytes);

        var metadata = new Dictionary<string, GgufValue>((int)Math.Min(metadataCount, 256), StringComparer.Ordinal);
        for (ulong i = 0; i < metadataCount; i++)
        {
            ReadMetadata(i, metadata);
        }

        uint alignment = FindAlignment(metadata);
        var infos = new List<GgufTensor>((int)Math.Min(tensorCount, 1024));
        var names = new HashSet<string>(StringComparer.Ordinal);
        long expected = 0;
        for (ulong i = 0; i < tensorCount; i++)
        {
            GgufTensor tensor = ReadTensor(i, names, expected);
            infos.Add(tensor);
            expected = Align(tensor.Offset + tensor.SizeBytes, alignment);
        }

        long dataOffset = infos.Count == 0 ? cursor.Position : Align(cursor.Position, alignment);
        CheckData(infos, dataOffset);
        return new GgufHeader(version, alignment, dataOffset, cursor.Length, metadata, infos);
    }

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

    private void ReadMetadata(ulong index, Dictionary<string, GgufValue> metadata)
    {
        long start = cursor.Position;
        string key = cursor.ReadString($"key {index}", MaxKeyBytes);
        if (key.Length == 0 || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new GgufFormatException($"key {index}", start, "the key is empty or holds more than printable ASCII; the file is damaged.");
        }

        Hold(key.Length, key, start);
        start = cursor.Position;
        GgufValueType type = ReadType(key);
        GgufValue value = type == GgufValueType.Array ? ReadArray(key) : ReadValue(type, key);
        if (!metadata.TryAdd(key, value))
        {
            throw new GgufFormatException(key, start, "the key appears twice; the file is damaged.");
        }
    }

    private GgufValueType ReadType(string field)
    {
        long start = cursor.Position;
        uint type = cursor.ReadUInt32(field);
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw new GgufFormatException(field, start, $"the value type {type} does not exist; the file is damaged.");
    }

    private GgufValue ReadArray(string key)
    {
        long start = cursor.Position;
        GgufValueType type = ReadType(key);
        if (type == GgufValueType.Array)
        {
            throw new GgufFormatException(key, start, "an array of arrays, which llama.cpp does not load.");
        }

        start = cursor.Position;
        ulong declared = cursor.ReadUInt64(key);
        int width = Width(type);
        if (declared > (ulong)MaxArrayElements || (long)declared > cursor.Remaining / width)
        {
            throw new GgufFormatException(key, start, $"an array of {declared} elements does not fit into the {cursor.Remaining} bytes that are left; the file is truncated or damaged.");
        }

        long count = (long)declared;
        if (count <= MaxHeldElements)
        {
            var elements = new GgufValue[count];
            for (int i = 0; i < elements.Length; i++)
            {
                elements[i] = ReadValue(type, key);
            }

            return GgufValue.OfArray(type, count, elements);
        }

        if (type != GgufValueType.String)
        {
            cursor.Skip(count * width, key);
            return GgufValue.OfArray(type, count, null);
        }

        for (long i = 0; i < count; i++)
        {
            cursor.Skip(cursor.ReadStringLength(key), key);
        }

        return GgufValue.OfArray(type, count, null);
    }

    private GgufValue ReadValue(GgufValueType type, string key)
    {
        switch (type)
        {
            case GgufValueType.UInt8: return GgufValue.OfUnsigned(type, cursor.ReadByte(key));
            case GgufValueType.Int8: return GgufValue.OfSigned(type, (sbyte)cursor.ReadByte(key));
            case GgufValueType.UInt16: return GgufValue.OfUnsigned(type, cursor.ReadUInt16(key));
            case GgufValueType.Int16: return GgufValue.OfSigned(type, (short)cursor.ReadUInt16(key));
            case GgufValueType.UInt32: return GgufValue.OfUnsigned(type, cursor.ReadUInt32(key));
            case GgufValueType.Int32: return GgufValue.OfSigned(type, (int)cursor.ReadUInt32(key));
            case GgufValueType.UInt64: return GgufValue.OfUnsigned(type, cursor.ReadUInt64(key));
            case GgufValueType.Int64: return GgufValue.OfSigned(type, (long)cursor.ReadUInt64(key));
            case GgufValueType.Float32: return GgufValue.OfReal(type, BitConverter.UInt32BitsToSingle(cursor.ReadUInt32(key)));
            case GgufValueType.Float64: return GgufValue.OfReal(type, BitConverter.UInt64BitsToDouble(cursor.ReadUInt64(key)));
            case GgufValueType.Bool: return ReadFlag(key);
            default: return ReadText(key);
        }
    }

    private GgufValue ReadFlag(string key)
    {
        long start = cursor.Position;
        byte flag = cursor.ReadByte(key);
        return flag <= 1
            ? GgufValue.OfFlag(flag == 1)
            : throw new GgufFormatException(key, start, $"a flag of {flag} where 0 or 1 is allowed; the file is damaged.");
    }

    private GgufValue ReadText(string key)
    {
        long start = cursor.Position;
        long bytes = cursor.ReadStringLength(key);
        if (bytes > MaxHeldStringBytes)
        {
            cursor.Skip(bytes, key);
            return GgufValue.OfText(null, bytes);
        }

        Hold(bytes, key, start);
        return GgufValue.OfText(cursor.ReadText(key, (int)bytes), bytes);
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

    private GgufTensor ReadTensor(ulong index, HashSet<string> names, long expectedOffset)
    {
        long start = cursor.Position;
        string name = cursor.ReadString($"name of tensor {index}", MaxTensorNameBytes);
        if (name.Length == 0 || name.AsSpan().ContainsAnyInRange('\0', ' '))
        {
            throw new GgufFormatException($"name of tensor {index}", start, "the name is empty or holds white space; the file is damaged.");
        }

        if (!names.Add(name))
        {
            throw new GgufFormatException(name, start, "the tensor appears twice; the file is damaged.");
        }

        Hold(name.Length, name, start);
        long[] dimensions = ReadDimensions(name);
        start = cursor.Position;
        uint number = cursor.ReadUInt32(name);
        var type = (GgufTensorType)number;
        if (number > int.MaxValue || !GgufTensorLayout.TryGet(type, out int blockElements, out int blockBytes))
        {
            throw new GgufFormatException(name, start, $"the tensor type {number} is unknown to this version; use a file with another quantization.");
        }

        if (dimensions[0] % blockElements != 0)
        {
            throw new GgufFormatException(name, start, $"rows of {dimensions[0]} elements are not a multiple of the {blockElements} that form a block of {type}; the file is damaged.");
        }

        // Bounds each product by the bytes of the file before it is computed.
        long size = dimensions[0] / blockElements;
        long available = cursor.Length / blockBytes;
        foreach (long extent in dimensions.AsSpan(1))
        {
            size = size <= available && extent <= available / size ? size * extent : long.MaxValue;
        }

        if (size > available || size * blockBytes > cursor.Length - expectedOffset)
        {
            throw new GgufFormatException(name, start, $"a tensor of {string.Join(" × ", dimensions)} {type} that begins at {expectedOffset} does not fit into a file of {cursor.Length} bytes; the file is truncated or damaged.");
        }

        start = cursor.Position;
        ulong offset = cursor.ReadUInt64(name);
        return offset == (ulong)expectedOffset
            ? new GgufTensor(name, type, dimensions, expectedOffset, size * blockBytes)
            : throw new GgufFormatException(name, start, $"the data begins at {offset} where {expectedOffset} is expected; the file is damaged.");
    }

    private long[] ReadDimensions(string name)
    {
        long start = cursor.Position;
        uint rank = cursor.ReadUInt32(name);
        if (rank is < 1 or > 4)
        {
            throw new GgufFormatException(name, start, $"the tensor has {rank} dimensions, 1 to 4 are allowed; the file is damaged.");
        }

        var dimensions = new long[rank];
        for (int i = 0; i < dimensions.Length; i++)
        {
            start = cursor.Position;
            ulong extent = cursor.ReadUInt64(name);
            dimensions[i] = extent is >= 1 and <= long.MaxValue
                ? (long)extent
                : throw new GgufFormatException(name, start, $"dimension {i} is {extent}; the file is damaged.");
        }

        return dimensions;
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

    private void Hold(long bytes, string field, long start)
    {
        _held += bytes;
        if (_held > MaxHeldBytes)
        {
            throw new GgufFormatException(field, start, $"the names and strings of the header exceed {MaxHeldBytes} bytes; the file is damaged.");
        }
    }

    // The least that one element takes: a string has its length in front.
    private static int Width(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };

    private static long Align(long offset, uint alignment) => (offset + alignment - 1) & ~((long)alignment - 1);
}
