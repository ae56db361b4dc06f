namespace FleetOps.ModelStore.Gguf;

/// <summary>Reads the key-value pairs of a header.</summary>
internal sealed class GgufMetadataReader(GgufCursor cursor, GgufBudget budget)
{
    /// <summary>The least that a pair takes: a key of one letter and a value of one byte.</summary>
    public const long MinBytes = 8 + 1 + 4 + 1;

    private const int MaxKeyBytes = 65_535;
    private const int MaxHeldStringBytes = 1 << 20;
    private const int MaxHeldElements = 256;
    private const long MaxArrayElements = 1 << 26;
    private const string Vocabulary = "tokenizer.ggml.tokens";

    /// <summary>Reads a number of pairs.</summary>
    public Dictionary<string, GgufValue> Read(ulong count)
    {
        var metadata = new Dictionary<string, GgufValue>((int)Math.Min(count, 256), StringComparer.Ordinal);
        for (ulong i = 0; i < count; i++)
        {
            ReadMetadata(i, metadata);
        }

        return metadata;
    }

    private void ReadMetadata(ulong index, Dictionary<string, GgufValue> metadata)
    {
        long start = cursor.Position;
        string key = cursor.ReadString($"key {index}", MaxKeyBytes);
        if (key.Length == 0 || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new GgufFormatException($"key {index}", start, "the key is empty or holds more than printable ASCII; the file is damaged.");
        }

        budget.Hold(key.Length, key, start);
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
        if (type == GgufValueType.String && key == Vocabulary)
        {
            SkipVocabulary(count);
            return GgufValue.OfArray(type, count, null);
        }

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

    // llama.cpp asserts that no two tokens are spelled alike. Hashes of 64 bits tell so without keeping a vocabulary in memory.
    private void SkipVocabulary(long count)
    {
        var seen = new HashSet<ulong>((int)Math.Min(count, 1 << 18));
        for (long i = 0; i < count; i++)
        {
            long start = cursor.Position;
            long bytes = cursor.ReadStringLength(Vocabulary);
            // llama.cpp gives those that are empty names of their own.
            if (bytes > 0 && !seen.Add(cursor.HashText(bytes, Vocabulary)))
            {
                throw new GgufFormatException(Vocabulary, start, $"token {i} is spelled like an earlier one; the file is damaged.");
            }
        }
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

        budget.Hold(bytes, key, start);
        return GgufValue.OfText(cursor.ReadText(key, (int)bytes), bytes);
    }

    // The least that one element takes: a string has its length in front.
    private static int Width(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        _ => 8,
    };
}
