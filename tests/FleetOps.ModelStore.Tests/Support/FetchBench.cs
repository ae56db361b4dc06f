using System.Security.Cryptography;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>What nearly every test of fetching needs: a folder, a stand-in server, a clock that the fetch moves itself.</summary>
public sealed class FetchBench : IAsyncDisposable
{
    private readonly SocketsHttpHandler _handler = StandInServer.TrustingHandler();

    private FetchBench(StandInServer server, bool inMemory)
    {
        Server = server;
        Folder = new TestFolder(inMemory);
        Progress = new RecordedProgress(Clock);
    }

    public TestFolder Folder { get; }

    public StandInServer Server { get; }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public RecordedProgress Progress { get; }

    public string Models => Folder["models"];

    /// <summary>Starts a server.</summary>
    /// <param name="tls">Whether it speaks https.</param>
    /// <param name="inMemory">Whether files lie in memory, where flushing costs nothing: for tests that fetch hundreds of times.</param>
    public static async Task<FetchBench> StartAsync(bool tls = true, bool inMemory = false) => new(await StandInServer.StartAsync(tls), inMemory);

    public static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>The digest of a split model, as a user gets it with sha256sum.</summary>
    public static string Sha256(IEnumerable<byte[]> files) => Sha256(System.Text.Encoding.ASCII.GetBytes(string.Concat(files.Select(static file => Sha256(file) + "\n"))));

    public ModelFetcherOptions Options(string? credentials = null, Uri? hub = null, int attempts = 5, TimeProvider? time = null, S3Options? s3 = null, Uri[]? mirrors = null, int connections = 4) => new()
    {
        ModelDirectory = Models,
        ClaimRoot = Folder["claims"],
        CredentialsDirectory = credentials,
        HubEndpoint = hub ?? ModelFetcherOptions.DefaultHubEndpoint,
        HubMirrors = mirrors ?? [],
        Connections = connections,
        S3 = s3 ?? new S3Options(),
        HttpMessageHandler = _handler,
        TimeProvider = time ?? Clock,
        MaxAttempts = attempts,
        ProgressInterval = TimeSpan.Zero,
    };

    /// <summary>Serves a file whose cuts come only when the fetcher has every byte before them.</summary>
    public Uri Serve(string path, ServedFile file)
    {
        file.Received = Progress.ReachedAsync;
        return Server.Serve(path, file);
    }

    public Task<VerifiedModel> FetchAsync(Uri location, string? sha256 = null) => FetchAsync(location.AbsoluteUri, sha256);

    public Task<VerifiedModel> FetchAsync(string source, string? sha256 = null, string? revision = null, ModelFetcherOptions? options = null) =>
        FetchAsync(new FetchRequest(ModelSource.Parse(source)) { Sha256 = sha256, Revision = revision }, options);

    public async Task<VerifiedModel> FetchAsync(FetchRequest request, ModelFetcherOptions? options = null)
    {
        using var fetcher = new ModelFetcher(options ?? Options());
        return await fetcher.FetchAsync(request, Progress, TestContext.Current.CancellationToken);
    }

    public async Task<ModelSourceException> RefusedAsync(string source, string? sha256 = null, string? revision = null, ModelFetcherOptions? options = null) =>
        await Assert.ThrowsAnyAsync<ModelSourceException>(() => FetchAsync(source, sha256, revision, options));

    /// <summary>Files under the model directory that could be taken for a model.</summary>
    public IReadOnlyList<string> Published() =>
        Directory.Exists(Models) ? Directory.GetFiles(Models, "*.gguf", SearchOption.AllDirectories) : [];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _handler.Dispose();
        Folder.Dispose();
    }
}
