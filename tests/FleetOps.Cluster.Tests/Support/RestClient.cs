using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace FleetOps.Cluster.Tests.Support;

/// <summary>The API as it is on the wire: YAML in, status, warnings and JSON out.</summary>
internal sealed class RestClient(KubernetesClientConfiguration configuration) : IDisposable
{
    private readonly Kubernetes _client = new(configuration);

    public const string ModelDeployments = "apis/fleetops.dev/v1alpha1/namespaces/default/modeldeployments";

    public const string ModelCaches = "apis/fleetops.dev/v1alpha1/namespaces/default/modelcaches";

    public const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public void Dispose() => _client.Dispose();

    public Task<RestAnswer> CreateAsync(string path, string yaml) => SendAsync(HttpMethod.Post, path, yaml, "application/yaml");

    public Task<RestAnswer> ApplyAsync(string path, string yaml) =>
        SendAsync(HttpMethod.Patch, path + "?fieldManager=test&force=true", yaml, "application/apply-patch+yaml");

    public Task<RestAnswer> MergeAsync(string path, string json) => SendAsync(HttpMethod.Patch, path, json, "application/merge-patch+json");

    public Task<RestAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null, "");

    public Task<RestAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null, "");

    private async Task<RestAnswer> SendAsync(HttpMethod method, string path, string? body, string mediaType)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path));
        request.Headers.Accept.Add(new("application/json"));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        }

        using var response = await _client.HttpClient.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var warnings = response.Headers.TryGetValues("Warning", out var values) ? values.ToList() : [];
        // A path that is not served is answered in plain text.
        var isJson = response.Content.Headers.ContentType?.MediaType == "application/json";
        return new(response.StatusCode, isJson ? JsonNode.Parse(text)! : new JsonObject { ["message"] = text }, warnings);
    }
}

/// <summary>What the API server said.</summary>
internal sealed record RestAnswer(HttpStatusCode Status, JsonNode Body, IReadOnlyList<string> Warnings)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public string Message => Body["message"]?.GetValue<string>() ?? "";
}
