using System.Net;
using System.Text.Json.Nodes;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Tests.Stubs;
using k8s.Models;
using Microsoft.Extensions.Time.Testing;

namespace FleetOps.ControllerRuntime.Tests.Apply;

public sealed class KubeApiTests
{
    private static readonly ObjectKey Key = new("ns", "c");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_error_names_the_request_the_code_and_the_servers_words()
    {
        var api = StubApi.Connect((_, _) => Task.FromResult(StubApi.Status(HttpStatusCode.Forbidden, "Forbidden", "no right to get configmaps")));

        var error = await Assert.ThrowsAsync<KubeApiException>(() => api.GetAsync(BuiltInTypes.ConfigMaps, Key, Token));

        Assert.True(error.IsForbidden);
        Assert.Equal("GET api/v1/namespaces/ns/configmaps/c was answered 403 Forbidden: no right to get configmaps", error.Message);
    }

    [Fact]
    public async Task An_error_that_is_plain_text_is_told_too()
    {
        var api = StubApi.Connect((_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.BadGateway) { Content = new StringContent("upstream is away") }));

        var error = await Assert.ThrowsAsync<KubeApiException>(() => api.GetAsync(BuiltInTypes.ConfigMaps, Key, Token));

        Assert.True(error.IsTransient);
        Assert.Equal("upstream is away", error.ServerMessage);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_a_timeout_and_not_a_cancellation()
    {
        var time = new FakeTimeProvider();
        var asked = new TaskCompletionSource();
        var api = StubApi.Connect(
            async (_, token) =>
            {
                asked.SetResult();
                await Task.Delay(Timeout.Infinite, token);
                return new HttpResponseMessage();
            },
            time);

        var request = api.GetAsync(BuiltInTypes.ConfigMaps, Key, Token);
        await asked.Task;
        time.Advance(TimeSpan.FromSeconds(30));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => request);
        Assert.Contains("was not answered within 30 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_served_is_asked_once_and_absence_again_after_a_minute()
    {
        var time = new FakeTimeProvider();
        var asked = 0;
        var api = StubApi.Connect(
            (_, _) =>
            {
                asked++;
                return Task.FromResult(asked == 1 ? StubApi.Status(HttpStatusCode.NotFound, "NotFound") : StubApi.Json("""{"resources":[{"name":"poddisruptionbudgets","kind":"PodDisruptionBudget","singularName":"","namespaced":true,"verbs":[]}]}"""));
            },
            time);

        Assert.False(await api.ServesAsync("policy/v1", "PodDisruptionBudget", Token));
        Assert.False(await api.ServesAsync("policy/v1", "PodDisruptionBudget", Token));
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(await api.ServesAsync("policy/v1", "PodDisruptionBudget", Token));
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(await api.ServesAsync("policy/v1", "PodDisruptionBudget", Token));

        Assert.Equal(2, asked);
    }

    [Fact]
    public void An_intent_states_nothing_that_the_server_sets()
    {
        var map = Examples.ConfigMap("ns", "c");
        map.Metadata.Uid = "uid";
        map.Metadata.ResourceVersion = "7";
        map.Metadata.Generation = 3;
        map.Metadata.CreationTimestamp = DateTime.UnixEpoch;

        var metadata = JsonNode.Parse(ApplyIntent.ForObject(BuiltInTypes.ConfigMaps, map, withDigest: true).Utf8Json)!.AsObject()["metadata"]!.AsObject();

        Assert.Equal(["annotations", "name", "namespace"], metadata.Select(pair => pair.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_digest_of_an_intent_does_not_depend_on_the_order_of_labels()
    {
        var one = Examples.ConfigMap("ns", "c");
        one.Metadata.Labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "2" };
        var other = Examples.ConfigMap("ns", "c");
        other.Metadata.Labels = new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" };

        Assert.Equal(Digest(one), Digest(other));
        other.Metadata.Labels["c"] = "3";
        Assert.NotEqual(Digest(one), Digest(other));
    }

    [Fact]
    public void An_object_without_a_name_cannot_be_applied()
    {
        var error = Assert.Throws<ArgumentException>(() => ApplyIntent.ForObject(BuiltInTypes.ConfigMaps, new V1ConfigMap { Metadata = new V1ObjectMeta() }));

        Assert.Contains("metadata.name", error.Message, StringComparison.Ordinal);
    }

    private static string? Digest(V1ConfigMap map) =>
        JsonNode.Parse(ApplyIntent.ForObject(BuiltInTypes.ConfigMaps, map, withDigest: true).Utf8Json)!.AsObject()["metadata"]!["annotations"]![ApplyIntent.DigestAnnotation]!.ToString();
}
