using FleetOps.ModelStore.Hub;

namespace FleetOps.ModelStore.Sources;

/// <summary>A file in a repository of the Hugging Face hub or of a mirror that speaks its endpoints.</summary>
public sealed record HubModelSource : ModelSource
{
    internal HubModelSource(string owner, string repository, string file, string? revision) =>
        (Owner, Repository, File, Revision) = (owner, repository, file, revision);

    /// <summary>User or organisation.</summary>
    public string Owner { get; }

    /// <summary>Name of the repository.</summary>
    public string Repository { get; }

    /// <summary>Path of the file inside the repository, with <c>/</c> between its segments.</summary>
    public string File { get; }

    /// <summary>Branch, tag or commit after <c>@</c>; null when the source names none.</summary>
    public string? Revision { get; }

    /// <inheritdoc/>
    public override string Scheme => "hf";

    /// <inheritdoc/>
    public override string FileName => File[(File.LastIndexOf('/') + 1)..];

    internal override bool IsAskedAgain => true;

    internal override bool TakesRevision => true;

    internal override string Identity => Display;

    private protected override ModelSource Sibling(string ending) => new HubModelSource(Owner, Repository, File[..^SplitName.EndingLength] + ending, Revision);

    private protected override string Display => $"hf://{Owner}/{Repository}/{File}{(Revision is null ? "" : "@" + Revision)}";

    internal override bool IsPinned(string revision) => HubClient.IsCommit(revision);
}
