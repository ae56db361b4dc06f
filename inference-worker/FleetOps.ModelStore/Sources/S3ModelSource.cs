namespace FleetOps.ModelStore.Sources;

/// <summary>An object in a bucket of S3 or of a server that speaks its protocol.</summary>
public sealed record S3ModelSource : ModelSource
{
    internal S3ModelSource(string bucket, string key) => (Bucket, Key) = (bucket, key);

    /// <summary>Name of the bucket.</summary>
    public string Bucket { get; }

    /// <summary>Key of the object, without a leading slash.</summary>
    public string Key { get; }

    /// <inheritdoc/>
    public override string Scheme => "s3";

    /// <inheritdoc/>
    public override string FileName => Key[(Key.LastIndexOf('/') + 1)..];

    internal override bool IsAskedAgain => true;

    internal override bool TakesRevision => true;

    internal override string Identity => Display;

    private protected override ModelSource Sibling(string ending) => new S3ModelSource(Bucket, Key[..^SplitName.EndingLength] + ending);

    private protected override string Display => $"s3://{Bucket}/{Key}";

    // The version of an object never changes.
    internal override bool IsPinned(string revision) => true;
}
