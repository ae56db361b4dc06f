namespace FleetOps.ModelStore.Gguf;

/// <summary>One tensor of a file: what its header says, checked against the size of the file.</summary>
/// <param name="Name">Name, unique in the file.</param>
/// <param name="Type">Number format.</param>
/// <param name="Dimensions">1 to 4 extents, the contiguous one first; each at least 1.</param>
/// <param name="Offset">Where the data begins, in bytes from the start of the data section.</param>
/// <param name="SizeBytes">Size of the data in bytes.</param>
public sealed record GgufTensor(string Name, GgufTensorType Type, IReadOnlyList<long> Dimensions, long Offset, long SizeBytes)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (long extent in Dimensions)
            {
                count *= extent;
            }

            return count;
        }
    }
}
