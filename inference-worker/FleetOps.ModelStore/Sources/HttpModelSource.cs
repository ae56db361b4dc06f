namespace FleetOps.ModelStore.Sources;

/// <summary>A file on a web server. Over plain <c>http://</c> a request has to bring a digest.</summary>
public sealed record HttpModelSource : ModelSource
{
    internal HttpModelSource(Uri location) => Location = location;

    /// <summary>The whole address. Its query may hold a signature: do not show it.</summary>
    public Uri Location { get; }

    /// <inheritdoc/>
    public override string Scheme => Location.Scheme;

    /// <inheritdoc/>
    public override string FileName => Uri.UnescapeDataString(Location.AbsolutePath[(Location.AbsolutePath.LastIndexOf('/') + 1)..]);

    /// <inheritdoc/>
    public override bool RequiresDigest => Location.Scheme == Uri.UriSchemeHttp;

    // The ending is looked for as it is written, so that it can be replaced there.
    internal override SplitName? Split => SplitName.Parse(Location.AbsolutePath[(Location.AbsolutePath.LastIndexOf('/') + 1)..]);

    internal override string Identity => Location.AbsoluteUri;

    private protected override ModelSource Sibling(string ending) =>
        new HttpModelSource(new Uri(Location.GetLeftPart(UriPartial.Path)[..^SplitName.EndingLength] + ending + Location.Query));

    private protected override string Display => Redact(Location);

    /// <summary>An address without user, query and fragment.</summary>
    internal static string Redact(Uri address) =>
        $"{address.Scheme}://{address.Authority}{address.AbsolutePath}{(address.Query.Length > 0 ? "?…" : "")}";
}
