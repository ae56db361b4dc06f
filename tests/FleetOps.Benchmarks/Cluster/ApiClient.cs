using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>
/// The API on the wire and nothing around it: bytes out, bytes in. This is also the bare client that the operator is compared with. Thread-safe.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>Asks for metadata alone, which is all that counting needs.</summary>
    public const string MetadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

    private readonly X509Certificate2 _certificate;
    private readonly HttpClient _http;

    public ApiClient(KubernetesClientConfiguration configuration)
    {
        _certificate = X509Certificate2.CreateFromPem(Decoded(configuration.ClientCertificateData), Decoded(configuration.ClientCertificateKeyData));
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(configuration.SslCaCerts);
        var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false, UseCookies = false, AllowAutoRedirect = false };
        handler.SslOptions.CertificateChainPolicy = trust;
        handler.SslOptions.ClientCertificates = [_certificate];
        _http = new HttpClient(handler)
        {
            BaseAddress = new Uri(configuration.Host),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public Task<byte[]> CreateAsync(string path, string body, CancellationToken cancel) => SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), "application/yaml", cancel);

    public Task<byte[]> MergeAsync(string path, string json, CancellationToken cancel) => SendAsync(HttpMethod.Patch, path, Encoding.UTF8.GetBytes(json), "application/merge-patch+json", cancel);

    public Task<byte[]> ApplyAsync(string path, byte[] json, CancellationToken cancel) =>
        SendAsync(HttpMethod.Patch, path + "?fieldManager=bench&force=true", json, "application/apply-patch+yaml", cancel);

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancel) => JsonNode.Parse(await SendAsync(HttpMethod.Get, path, null, "", cancel))!;

    /// <summary>Whether the server knows a path, such as that of a group and version.</summary>
    public async Task<bool> ServesAsync(string path, CancellationToken cancel)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancel);
        return answer.IsSuccessStatusCode;
    }

    /// <summary>Opens an answer that goes on, such as a watch.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, string accept, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (!answer.IsSuccessStatusCode)
        {
            var said = await answer.Content.ReadAsStringAsync(cancel);
            answer.Dispose();
            throw new InvalidOperationException($"GET {path} was answered {(int)answer.StatusCode}: {said}");
        }

        return answer;
    }

    public void Dispose()
    {
        _http.Dispose();
        _certificate.Dispose();
    }

    private async Task<byte[]> SendAsync(HttpMethod method, string path, byte[]? body, string mediaType, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
        var content = await answer.Content.ReadAsByteArrayAsync(cancel);
        return answer.IsSuccessStatusCode
            ? content
            : throw new InvalidOperationException($"{method} {path} was answered {(int)answer.StatusCode}: {Encoding.UTF8.GetString(content)}");
    }

    private static string Decoded(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
