namespace FleetOps.ModelStore.Gguf;

/// <summary>Bounds what the names and strings of one header may take together; a real file needs less than a tenth of it.</summary>
internal sealed class GgufBudget
{
    private const long MaxHeldBytes = 32 << 20;

    private long _held;

    /// <summary>Accounts for a string that is kept.</summary>
    /// <exception cref="GgufFormatException">The header keeps too much.</exception>
    public void Hold(long bytes, string field, long start)
    {
        _held += bytes;
        if (_held > MaxHeldBytes)
        {
            throw new GgufFormatException(field, start, $"the names and strings of the header exceed {MaxHeldBytes} bytes; the file is damaged.");
        }
    }
}
