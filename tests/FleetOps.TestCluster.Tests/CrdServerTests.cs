using System.Net;
using System.Text;
using k8s;

namespace FleetOps.TestCluster.Tests;

public sealed class CrdServerTests
{
    private const string Definition =
        """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"boxes.example.org"},
         "spec":{"group":"example.org","scope":"Namespaced","names":{"plural":"boxes","singular":"box","kind":"Box"},
          "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
            "spec":{"type":"object","properties":{"low":{"type":"integer"},"high":{"type":"integer"}},
             "x-kubernetes-validations":[{"rule":"self.low <= self.high","message":"low is above high"}]}}}}}]}}
        """;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_across_fields_is_enforced()
    {
        await using var host = await SkipWhenUnavailable(ApiServer.StartAsync(cancellationToken: Stop));
        await using var server = await SkipWhenUnavailable(CrdServer.StartAsync(host, Stop));
        using var client = new Kubernetes(server.CreateConfiguration());

        var created = await PostAsync(client, server, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Definition);
        Assert.Equal(HttpStatusCode.Created, created.Status);

        var refused = await UntilServedAsync(client, server, """{"apiVersion":"example.org/v1","kind":"Box","metadata":{"name":"wrong"},"spec":{"low":2,"high":1}}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.Status);
        Assert.Contains("low is above high", refused.Body, StringComparison.Ordinal);
    }

    /// <summary>A new resource is served a moment after its definition is accepted.</summary>
    private static async Task<(HttpStatusCode Status, string Body)> UntilServedAsync(Kubernetes client, CrdServer server, string json)
    {
        while (true)
        {
            var answer = await PostAsync(client, server, "/apis/example.org/v1/namespaces/default/boxes", json);
            if (answer.Status != HttpStatusCode.NotFound)
            {
                return answer;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), Stop);
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(Kubernetes client, CrdServer server, string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await client.HttpClient.PostAsync(new Uri(server.Url, path), content, Stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Stop));
    }

    private static async Task<T> SkipWhenUnavailable<T>(Task<T> start)
    {
        try
        {
            return await start;
        }
        catch (ToolUnavailableException reason)
        {
            Assert.Skip(reason.Message);
            throw;
        }
    }
}
