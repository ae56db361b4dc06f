namespace FleetOps.ModelStore.Sources;

/// <summary>A model in a registry that speaks the OCI distribution protocol: Docker Hub, Harbor, and most others.</summary>
public sealed record RegistryModelSource : ModelSource
{
    /// <summary>What a digest begins with in a reference.</summary>
    internal const string DigestPrefix = "sha256:";

    private const string DefaultTag = "latest";

    // Docker Hub answers under another name than people know it by.
    private const string DockerHub = "docker.io";
    private const string DockerHubApi = "registry-1.docker.io";

    internal RegistryModelSource(string registry, string repository, string? tag, string? digest) =>
        (Registry, Repository, Tag, Digest) = (registry, repository, tag, digest);

    /// <summary>Host of the registry, with its port if it is named.</summary>
    public string Registry { get; }

    /// <summary>Path of the repository.</summary>
    public string Repository { get; }

    /// <summary>The tag; null when the source names none, and then <c>latest</c> is meant unless there is a digest.</summary>
    public string? Tag { get; }

    /// <summary>SHA-256 of the manifest, 64 lower-case hexadecimal digits; null when the source names none. It counts more than the tag.</summary>
    public string? Digest { get; }

    /// <inheritdoc/>
    public override string Scheme => "oci";

    /// <inheritdoc/>
    public override string FileName => Repository[(Repository.LastIndexOf('/') + 1)..];

    /// <summary>What the registry is asked for: the digest with its prefix, else the tag.</summary>
    internal string Reference => Digest is not null ? DigestPrefix + Digest : Tag ?? DefaultTag;

    /// <summary>The host that answers for the registry, with its port if it is named.</summary>
    internal string Host => Registry is DockerHub or "index.docker.io" ? DockerHubApi : Registry;

    /// <summary>The repository as the registry's own API names it.</summary>
    internal string ApiRepository => Host == DockerHubApi && !Repository.Contains('/', StringComparison.Ordinal) ? $"library/{Repository}" : Repository;

    // A repository is no file; what it holds tells whether its model is split.
    internal override SplitName? Split => null;

    internal override bool IsAskedAgain => true;

    internal override string Identity => $"oci://{Registry}/{Repository}";

    /// <summary>The same repository, asked for one manifest.</summary>
    internal RegistryModelSource Pinned(string digest) => new(Registry, Repository, Tag, digest);

    internal override bool IsPinned(string revision) => IsDigest(revision);

    private protected override ModelSource Sibling(string ending) => this;

    private protected override string Display => $"{Identity}{(Tag is null ? "" : ":" + Tag)}{(Digest is null ? "" : "@" + DigestPrefix + Digest)}";

    /// <summary>True for a digest with its prefix, which cannot move.</summary>
    internal static bool IsDigest(string reference) => reference.StartsWith(DigestPrefix, StringComparison.Ordinal);
}
