namespace FleetOps.ModelStore.Sources;

/// <summary>
/// Where a model is. A closed hierarchy: <see cref="HttpModelSource"/>, <see cref="HubModelSource"/>, <see cref="S3ModelSource"/>, <see cref="RegistryModelSource"/>,
/// <see cref="ClaimModelSource"/>, <see cref="FileModelSource"/>; instances come from <see cref="Parse"/> only, so each one that exists is well formed. Immutable.
/// </summary>
public abstract record ModelSource
{
    private protected ModelSource()
    {
    }

    /// <summary>The scheme: <c>https</c>, <c>http</c>, <c>hf</c>, <c>s3</c>, <c>oci</c>, <c>pvc</c> or <c>file</c>.</summary>
    public abstract string Scheme { get; }

    /// <summary>The last segment of the path, as the source writes it.</summary>
    public abstract string FileName { get; }

    /// <summary>True when the transport proves nothing, so that a request has to bring a digest.</summary>
    public virtual bool RequiresDigest => false;

    /// <summary>True when the source tells cheaply which version of the file it has, so that it is asked on each fetch; false when its address stands for one file.</summary>
    internal virtual bool IsAskedAgain => false;

    /// <summary>True when a request may name a revision.</summary>
    internal virtual bool TakesRevision => false;

    /// <summary>The name of the file as that of the first of several; null when it is a whole model.</summary>
    internal virtual SplitName? Split => SplitName.Parse(FileName);

    /// <summary>Everything that tells this source from another one. May hold secrets (the query of a URL): never show it.</summary>
    internal abstract string Identity { get; }

    /// <summary>The text for people: as it was written, without the query of a URL.</summary>
    private protected abstract string Display { get; }

    /// <summary>True when what a revision stands for cannot change.</summary>
    internal virtual bool IsPinned(string revision) => false;

    /// <summary>Another file of the same split model.</summary>
    /// <param name="number">Which, from 1.</param>
    internal ModelSource Shard(int number) => Split is { } split
        ? Sibling(split.Ending(number))
        : throw new InvalidOperationException($"{this} is no split model.");

    /// <summary>What one of the files of a model is called in messages.</summary>
    /// <param name="number">Which, from 1.</param>
    /// <param name="count">How many the model has.</param>
    internal string NameOf(int number, int count) =>
        count == 1 ? Display : Split is null ? $"File {number} of {count} of {Display}" : $"{Shard(number)} (file {number} of {count})";

    /// <summary>The source whose path has another ending of <see cref="SplitName.EndingLength"/> characters.</summary>
    private protected abstract ModelSource Sibling(string ending);

    /// <summary>Reads a source.</summary>
    /// <param name="text">
    /// <c>https://HOST/PATH</c>, <c>http://HOST/PATH</c>, <c>hf://OWNER/REPO/FILE[@REVISION]</c>, <c>s3://BUCKET/KEY</c>,
    /// <c>oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST]</c>, <c>pvc://CLAIM/PATH</c> or <c>file:///PATH</c>.
    /// </param>
    /// <exception cref="ModelSourceException">
    /// The text is no source (<see cref="ModelSourceReason.InvalidConfiguration"/>); the message names what is wrong with it.
    /// </exception>
    public static ModelSource Parse(string? text) =>
        TryParse(text, out ModelSource? source, out string? error)
            ? source
            : throw new ModelSourceException(ModelSourceReason.InvalidConfiguration, error);

    /// <summary>Reads a source without throwing.</summary>
    /// <param name="text">As for <see cref="Parse"/>.</param>
    /// <param name="source">The source; null when the text is none.</param>
    /// <param name="error">What is wrong with the text; null when nothing is.</param>
    public static bool TryParse(
        string? text,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ModelSource? source,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error)
    {
        SourceParse parse = SourceText.Parse(text);
        source = parse.Source;
        error = source is null ? parse.Error ?? "The model source cannot be read." : null;
        return source is not null;
    }

    /// <summary>The source as text that is safe to show: the query of a URL, which may hold a signature, is left out.</summary>
    public sealed override string ToString() => Display;
}
