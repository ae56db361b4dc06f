namespace FleetOps.ModelStore.Sources;

/// <summary>A file on a PersistentVolumeClaim that is mounted read-only; it is read in place and never copied.</summary>
public sealed record ClaimModelSource : ModelSource
{
    internal ClaimModelSource(string claim, string path) => (Claim, Path) = (claim, path);

    /// <summary>Name of the claim.</summary>
    public string Claim { get; }

    /// <summary>Path inside the volume, without a leading slash.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public override string Scheme => "pvc";

    /// <inheritdoc/>
    public override string FileName => Path[(Path.LastIndexOf('/') + 1)..];

    internal override string Identity => Display;

    private protected override ModelSource Sibling(string ending) => new ClaimModelSource(Claim, Path[..^SplitName.EndingLength] + ending);

    private protected override string Display => $"pvc://{Claim}/{Path}";
}
