using System.Net.Http.Headers;
using FleetOps.TestCluster;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A real registry (Debian's <c>docker-registry</c>) on loopback that lets in whom its token server vouches for.</summary>
public sealed class RealRegistry : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly HttpClient _client = new();
    private ServerProcess? _process;
    private string? _unavailable;
    private string _host = "";

    public StandInTokenServer Tokens { get; private set; } = null!;

    /// <summary>Host and port.</summary>
    public string Host
    {
        get
        {
            Assert.SkipWhen(_unavailable is not null, _unavailable ?? "");
            return _host;
        }
    }

    public async ValueTask InitializeAsync()
    {
        Tokens = await StandInTokenServer.StartAsync();
        try
        {
            string program = await ToolFolder.FindAsync("docker-registry", "FLEETOPS_DOCKER_REGISTRY", "registry", CancellationToken.None);
            string log = _folder["log"];
            _process = ServerProcess.Start(program, log, ["serve", _folder.Write("config.yml", Configuration())]);

            // The registry takes a free port and says which.
            const string mark = "listening on ";
            await _process.WaitUntilAsync(_ => Task.FromResult(Said(log, mark) is not null), TimeSpan.FromSeconds(60), CancellationToken.None);
            _host = Said(log, mark)!;
        }
        catch (ToolUnavailableException e)
        {
            _unavailable = e.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await Tokens.DisposeAsync();
        _client.Dispose();
        _folder.Dispose();
    }

    /// <summary>Pushes an image, and gives it names.</summary>
    public async Task PushAsync(ModelImage image, string repository, params string[] tags)
    {
        string repositoryAddress = $"http://{Host}/v2/{repository}";
        foreach (byte[] blob in image.Blobs)
        {
            using HttpResponseMessage begun = await SendAsync(HttpMethod.Post, new Uri($"{repositoryAddress}/blobs/uploads/"), repository, null, "");
            var upload = new UriBuilder(new Uri(new Uri(repositoryAddress), begun.Headers.Location!));
            upload.Query = $"{upload.Query.TrimStart('?')}&digest={Uri.EscapeDataString(ModelImage.DigestOf(blob))}";
            (await SendAsync(HttpMethod.Put, upload.Uri, repository, blob, "application/octet-stream")).Dispose();
        }

        foreach (string reference in (string[])[.. tags, image.Digest])
        {
            (await SendAsync(HttpMethod.Put, new Uri($"{repositoryAddress}/manifests/{reference}"), repository, image.Manifest, image.Type)).Dispose();
        }
    }

    /// <summary>Removes a manifest with all its names.</summary>
    public async Task DeleteAsync(ModelImage image, string repository) =>
        (await SendAsync(HttpMethod.Delete, new Uri($"http://{Host}/v2/{repository}/manifests/{image.Digest}"), repository, null, "")).Dispose();

    private static string? Said(string log, string mark)
    {
        if (!File.Exists(log))
        {
            return null;
        }

        string text = File.ReadAllText(log);
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        int end = at < 0 ? -1 : text.IndexOfAny(['"', ' ', '\n'], at + mark.Length);
        return end < 0 ? null : text[(at + mark.Length)..end];
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, string repository, byte[]? body, string type)
    {
        using var request = new HttpRequestMessage(method, address);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Tokens.Issue(repository, "pull", "push", "delete"));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }

        HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        string said = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {address}: {response.StatusCode} {said}");
        return response;
    }

    private string Configuration() => $"""
        version: 0.1
        log:
          level: info
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: {_folder["store"]}
          delete:
            enabled: true
        http:
          addr: 127.0.0.1:0
        auth:
          token:
            realm: {Tokens.Realm}
            service: {StandInTokenServer.Service}
            issuer: {StandInTokenServer.Issuer}
            rootcertbundle: {_folder.Write("tokens.pem", Tokens.CertificatePem)}
        """;
}
