namespace FleetOps.ModelStore.Sources;

/// <summary>The outcome of reading a source: exactly one of the two is set.</summary>
internal readonly record struct SourceParse(ModelSource? Source, string? Error)
{
    public static implicit operator SourceParse(ModelSource source) => new(source, null);

    public static SourceParse Refuse(string error) => new(null, error);
}
