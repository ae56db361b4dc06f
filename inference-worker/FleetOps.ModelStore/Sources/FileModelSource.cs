namespace FleetOps.ModelStore.Sources;

/// <summary>A file of this machine, for people and tests; it is read in place and never copied.</summary>
public sealed record FileModelSource : ModelSource
{
    internal FileModelSource(string path) => Path = path;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public override string Scheme => "file";

    /// <inheritdoc/>
    public override string FileName => Path[(Path.LastIndexOf('/') + 1)..];

    internal override string Identity => Display;

    private protected override ModelSource Sibling(string ending) => new FileModelSource(Path[..^SplitName.EndingLength] + ending);

    private protected override string Display => $"file://{Path}";
}
