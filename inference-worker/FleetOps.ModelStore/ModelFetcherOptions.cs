using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore;

/// <summary>Where fetched files live, how sources are reached, and how patient the fetcher is.</summary>
public sealed record ModelFetcherOptions
{
    /// <summary>The public hub, used for <c>hf://</c> unless <see cref="HubEndpoint"/> says otherwise.</summary>
    public static readonly Uri DefaultHubEndpoint = new("https://huggingface.co");

    /// <summary>Writable folder in which fetched files and the records about them are kept. Created when absent.</summary>
    public string ModelDirectory { get; init; } = "/var/lib/fleetops/models";

    /// <summary>
    /// Bytes that the model directory may hold. Above it the models that were not used for the longest time are removed, but never one that a process uses
    /// or fetches. Null is no bound.
    /// </summary>
    public long? MaxCacheBytes { get; init; }

    /// <summary>
    /// Bytes that the volume of the model directory holds where its file system does not tell, such as the <c>sizeLimit</c> of an <c>emptyDir</c>: what
    /// exceeds it ends the pod. Null asks the file system alone.
    /// </summary>
    public long? CapacityBytes { get; init; }

    /// <summary>
    /// Whether a stored file counts as what its record says when its size, its time of change and its inode are those of the record. It is not hashed then, so
    /// that a bit that flipped on the disk is not found: for volumes that find that themselves. False hashes it on each use.
    /// </summary>
    public bool TrustsVerdicts { get; init; }

    /// <summary>Folder under which each claim is mounted: <c>pvc://CLAIM/PATH</c> is <c>ClaimRoot/CLAIM/PATH</c>.</summary>
    public string ClaimRoot { get; init; } = "/var/lib/fleetops/claims";

    /// <summary>
    /// Folder with one file for each credential (a mounted Secret): <c>token</c>, or <c>username</c> and <c>password</c>; for <c>oci://</c> perhaps
    /// <c>.dockerconfigjson</c>; for <c>s3://</c>
    /// <c>accessKeyId</c>, <c>secretAccessKey</c> and perhaps <c>sessionToken</c>. It is read anew at each fetch, so a rotated Secret is seen. Null means none.
    /// </summary>
    public string? CredentialsDirectory { get; init; }

    /// <summary>Base address of the hub that <c>hf://</c> names (a mirror, for example).</summary>
    public Uri HubEndpoint { get; init; } = DefaultHubEndpoint;

    /// <summary>Hubs that have the same repositories, asked in turn while <see cref="HubEndpoint"/> does not answer.</summary>
    public IReadOnlyList<Uri> HubMirrors { get; init; } = [];

    /// <summary>
    /// Web servers that have what sources of <c>https://</c>, <c>http://</c> and <c>s3://</c> have, and registries that have what those of <c>oci://</c> have,
    /// asked in turn while the source does not answer.
    /// </summary>
    public IReadOnlyList<SourceMirror> Mirrors { get; init; } = [];

    /// <summary>How many requests at once bring a file of 24 MiB and more, where its server gives ranges; 1 to 8. Each has 3 MiB of memory.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Size of the ranges in which a large file comes; from eight of them on a file is large.</summary>
    internal int RangeBytes { get; init; } = 3 << 20;

    /// <summary>False treats the volume of the model directory as one whose locks keep nobody out.</summary>
    internal bool HasLocks { get; init; } = true;

    /// <summary>Where <c>s3://</c> is and as whom it is read.</summary>
    public S3Options S3 { get; init; } = new();

    /// <summary>
    /// Registries (<c>HOST[:PORT]</c>) that <c>oci://</c> reaches by plain http; those of this machine are reached so anyway. What they say proves nothing, so
    /// that a request has to name a digest.
    /// </summary>
    public IReadOnlyList<string> PlainHttpRegistries { get; init; } = [];

    /// <summary>How often a step may fail in a row before the fetch ends with <see cref="ModelSourceReason.SourceUnreachable"/>; 1 to 1000.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>Pause after the first failure; doubles with each further one. Half of each pause is random.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Upper bound of the pause that back-off reaches.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest Retry-After that is waited for; a source that asks for more counts as unreachable.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the source may take to accept a connection and to answer with headers.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a running download may go without a byte before it counts as cut.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Shortest time between two reports of progress within one phase.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Clock for pauses, time-outs and rates.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// Sends the requests, when a caller wants another trust store, a proxy or a recorder; not disposed by the fetcher. It must not follow
    /// redirects by itself: the fetcher does, because it has to drop credentials on the way. Null makes a <see cref="SocketsHttpHandler"/>.
    /// </summary>
    public HttpMessageHandler? HttpMessageHandler { get; init; }

    /// <summary>
    /// The hubs that a text names, as <c>HF_ENDPOINT</c> does: addresses with commas between them, the first of which is asked first. Whether they are of
    /// use is checked with the other options.
    /// </summary>
    /// <param name="text">The text; null or empty for the public hub.</param>
    public static IReadOnlyList<Uri> ParseHubs(string? text)
    {
        string[] names = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0
            ? [DefaultHubEndpoint]
            : [.. names.Select(name => Uri.TryCreate(name, UriKind.Absolute, out Uri? hub) ? hub : new Uri("", UriKind.Relative))];
    }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ModelSourceException">A value is out of its range (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    internal void Validate()
    {
        Require(Path.IsPathFullyQualified(ModelDirectory), nameof(ModelDirectory), ModelDirectory, "an absolute path");
        Require(Path.IsPathFullyQualified(ClaimRoot), nameof(ClaimRoot), ClaimRoot, "an absolute path");
        foreach (Uri hub in HubMirrors.Prepend(HubEndpoint))
        {
            Require(
                IsHub(hub),
                nameof(HubEndpoint),
                hub.IsAbsoluteUri ? hub.GetLeftPart(UriPartial.Scheme) + hub.Host : "a relative address",
                "an https:// address without user, query and fragment");
        }

        Require(Connections is >= 1 and <= 8, nameof(Connections), Connections, "1 to 8");
        S3.Validate();
        Require(
            PlainHttpRegistries.All(static registry => RegistryText.RefuseRegistry(registry) is null),
            nameof(PlainHttpRegistries),
            string.Join(", ", PlainHttpRegistries),
            "a list of HOST or HOST:PORT");
        Require(MaxCacheBytes is null or > 0, nameof(MaxCacheBytes), MaxCacheBytes ?? 0, "above 0");
        Require(CapacityBytes is null or > 0, nameof(CapacityBytes), CapacityBytes ?? 0, "above 0");
        Require(MaxAttempts is >= 1 and <= 1000, nameof(MaxAttempts), MaxAttempts, "1 to 1000");
        Require(RetryDelay > TimeSpan.Zero && RetryDelay <= MaxRetryDelay, nameof(RetryDelay), RetryDelay, $"above 0 and at most {nameof(MaxRetryDelay)} ({MaxRetryDelay})");
        Require(MaxRetryDelay <= TimeSpan.FromHours(1), nameof(MaxRetryDelay), MaxRetryDelay, "at most an hour");
        Require(MaxRetryAfter >= TimeSpan.Zero && MaxRetryAfter <= TimeSpan.FromDays(1), nameof(MaxRetryAfter), MaxRetryAfter, "0 to a day");
        Require(ResponseTimeout > TimeSpan.Zero && ResponseTimeout <= TimeSpan.FromHours(1), nameof(ResponseTimeout), ResponseTimeout, "above 0 and at most an hour");
        Require(IdleTimeout > TimeSpan.Zero && IdleTimeout <= TimeSpan.FromHours(1), nameof(IdleTimeout), IdleTimeout, "above 0 and at most an hour");
        Require(ProgressInterval >= TimeSpan.Zero, nameof(ProgressInterval), ProgressInterval, "0 or more");
        bool followsRedirects = HttpMessageHandler switch
        {
            SocketsHttpHandler sockets => sockets.AllowAutoRedirect,
            HttpClientHandler classic => classic.AllowAutoRedirect,
            _ => false,
        };
        Require(!followsRedirects, nameof(HttpMessageHandler), "a handler with AllowAutoRedirect", "a handler that leaves redirects to the fetcher");
    }

    private static bool IsHub(Uri address) => address.IsAbsoluteUri && address.Scheme is "https" or "http"
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0;

    private static void Require(bool holds, string option, object value, string range)
    {
        if (!holds)
        {
            throw new ModelSourceException(ModelSourceReason.InvalidConfiguration, $"{option} is {value}; it has to be {range}.");
        }
    }
}
