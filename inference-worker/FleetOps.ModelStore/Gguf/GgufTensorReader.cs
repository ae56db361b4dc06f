namespace FleetOps.ModelStore.Gguf;

/// <summary>Reads the descriptions of the tensors and checks that their data lies in order, without gaps, inside the file.</summary>
internal sealed class GgufTensorReader(GgufCursor cursor, GgufBudget budget, uint alignment)
{
    /// <summary>The least that a description takes: a name of one letter and one dimension.</summary>
    public const long MinBytes = 8 + 1 + 4 + 8 + 4 + 8;

    private const int MaxNameBytes = 63;

    /// <summary>Reads a number of descriptions.</summary>
    public List<GgufTensor> Read(ulong count)
    {
        var tensors = new List<GgufTensor>((int)Math.Min(count, 1024));
        var names = new HashSet<string>(StringComparer.Ordinal);
        long expected = 0;
        for (ulong i = 0; i < count; i++)
        {
            GgufTensor tensor = ReadTensor(i, names, expected);
            tensors.Add(tensor);
            expected = GgufParser.Align(tensor.Offset + tensor.SizeBytes, alignment);
        }

        return tensors;
    }

    private GgufTensor ReadTensor(ulong index, HashSet<string> names, long expectedOffset)
    {
        long start = cursor.Position;
        string name = cursor.ReadString($"name of tensor {index}", MaxNameBytes);
        if (name.Length == 0 || name.AsSpan().ContainsAnyInRange('\0', ' '))
        {
            throw new GgufFormatException($"name of tensor {index}", start, "the name is empty or holds white space; the file is damaged.");
        }

        if (!names.Add(name))
        {
            throw new GgufFormatException(name, start, "the tensor appears twice; the file is damaged.");
        }

        budget.Hold(name.Length, name, start);
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
}
