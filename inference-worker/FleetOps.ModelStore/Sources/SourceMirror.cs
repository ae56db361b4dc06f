namespace FleetOps.ModelStore.Sources;

/// <summary>
/// Says that what lies under one address lies under another one too. What a mirror gives is used only behind a digest that the request or the source itself names.
/// </summary>
public sealed record SourceMirror
{
    private const string Registry = "oci://";

    private SourceMirror(string from, Uri to) => (From, To) = (from, to);

    /// <summary>What a source begins with: <c>https://HOST/…/</c>, <c>http://HOST/…/</c>, <c>s3://BUCKET/…/</c> or <c>oci://REGISTRY/…/</c>.</summary>
    public string From { get; }

    /// <summary>What stands for that at the mirror, with a slash at its end: an address of a web server, or of a registry where sources are in one.</summary>
    public Uri To { get; }

    /// <summary>Reads <c>FROM=TO</c>; null when the text is none.</summary>
    public static SourceMirror? Parse(string text)
    {
        bool isRegistry = text.StartsWith(Registry, StringComparison.Ordinal);
        int equals = text.IndexOf(isRegistry ? "=" + Registry : "=http", StringComparison.Ordinal);
        if (equals < 1 || !text.EndsWith('/') || text[equals - 1] != '/' || !Uri.TryCreate(text[(equals + 1)..], UriKind.Absolute, out Uri? to) || !IsFolder(to))
        {
            return null;
        }

        string from = text[..equals];
        return from.StartsWith("s3://", StringComparison.Ordinal) && from.Length > "s3:///".Length ? new SourceMirror(from, to)
            : Uri.TryCreate(from, UriKind.Absolute, out Uri? address) && IsFolder(address) && (address.Scheme == "oci") == isRegistry ? new SourceMirror(address.AbsoluteUri, to)
            : null;
    }

    /// <summary>Where a source is at the mirror; null when the mirror does not have it.</summary>
    internal ModelSource? Of(ModelSource source)
    {
        if (source is RegistryModelSource registry)
        {
            return Begins(registry.Identity)
                ? new RegistryModelSource(To.Authority, (To.AbsolutePath + registry.Identity[From.Length..]).TrimStart('/'), registry.Tag, registry.Digest)
                : null;
        }

        // The query of an address may be a signature, which is for the source alone.
        string? rest = source switch
        {
            HttpModelSource web when Begins(web.Location.GetLeftPart(UriPartial.Path)) => web.Location.GetLeftPart(UriPartial.Path)[From.Length..],
            S3ModelSource s3 when Begins(s3.ToString()) => string.Join('/', s3.ToString()[From.Length..].Split('/').Select(Uri.EscapeDataString)),
            _ => null,
        };
        return rest is null ? null : new HttpModelSource(new Uri(To.AbsoluteUri + rest));
    }

    private bool Begins(string source) => source.Length > From.Length && source.StartsWith(From, StringComparison.Ordinal);

    private static bool IsFolder(Uri address) => address.Scheme is "https" or "http" or "oci" && address.Host.Length > 0
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0 && address.AbsolutePath.EndsWith('/');
}
