namespace FleetOps.ModelStore.Gguf;

/// <summary>A GGUF header that cannot be trusted; says where in the file and in which field.</summary>
public sealed class GgufFormatException : ModelSourceException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="field">The field that is wrong, in the words of the format.</param>
    /// <param name="offset">Where that field begins, in bytes from the start of the file.</param>
    /// <param name="problem">What is wrong with it and, where there is one, what to do.</param>
    public GgufFormatException(string field, long offset, string problem)
        : base(ModelSourceReason.InvalidGguf, $"The GGUF header is invalid at byte {offset} ({field}): {problem}") =>
        (Field, Offset) = (field, offset);

    /// <summary>The field that is wrong.</summary>
    public string Field { get; }

    /// <summary>Where the field begins, in bytes from the start of the file.</summary>
    public long Offset { get; }
}
