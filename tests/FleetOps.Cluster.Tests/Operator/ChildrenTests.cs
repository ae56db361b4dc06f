using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Operator;

[Collection(nameof(OperatedCluster))]
public sealed class ChildrenTests(OperatedCluster cluster)
{
    [Fact]
    public async Task All_children_are_made_and_belong_to_the_resource()
    {
        var ns = await cluster.NewNamespaceAsync();

        var model = await ns.CreateModelAsync("made");

        foreach (var path in new[] { $"{ns.Deployments}/made", $"{ns.Services}/made", $"{ns.Services}/made-headless", $"{ns.ServiceAccounts}/made" })
        {
            var (child, _) = await ns.AwaitAsync(path, _ => true, path);
            var owner = child["metadata"]!["ownerReferences"]![0]!;
            Assert.Equal((string)model["metadata"]!["uid"]!, (string)owner["uid"]!);
            Assert.True((bool)owner["controller"]!);
            Assert.Equal("made", (string)child["metadata"]!["labels"]!["fleetops.dev/model"]!);
        }

        Assert.Equal("None", (string)(await ns.TryGetAsync($"{ns.Services}/made-headless"))!["spec"]!["clusterIP"]!);
        var (status, _) = await ns.AwaitAsync($"{ns.Models}/made", m => m["status"]?["observedGeneration"] is not null, "status is written");
        Assert.Equal($"made.{ns.Name}.svc:9090", (string)status["status"]!["endpoint"]!);
        Assert.Equal("fleetops.dev/model=made", (string)status["status"]!["selector"]!);
        Assert.Equal("0/1", (string)status["status"]!["ready"]!);
    }

    public static TheoryData<string, string, string> Edits => new()
    {
        { "deployments", """{"spec":{"replicas":7}}""", "spec.replicas" },
        { "deployments", """{"spec":{"template":{"spec":{"containers":[{"name":"worker","image":"other"}]}}}}""", "spec.template.spec.containers.0.image" },
        { "deployments", """{"metadata":{"labels":{"fleetops.dev/model":null}}}""", "metadata.labels.fleetops\\.dev/model" },
        { "services", """{"spec":{"ports":[{"name":"grpc","port":9090,"targetPort":1,"protocol":"TCP"}]}}""", "spec.ports.0.targetPort" },
        { "services", """{"spec":{"ports":[{"name":"grpc","port":1234,"targetPort":"grpc","protocol":"TCP"}]}}""", "spec.ports.0.port" },
        { "services", """{"spec":{"selector":{"fleetops.dev/model":"another"}}}""", "spec.selector.fleetops\\.dev/model" },
        { "serviceaccounts", """{"automountServiceAccountToken":true}""", "automountServiceAccountToken" },
    };

    [Theory, MemberData(nameof(Edits))]
    public async Task A_child_that_is_changed_by_hand_is_put_back(string plural, string edit, string field)
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("kept");
        await ns.AwaitAsync($"{ns.Models}/kept", m => m["status"] is not null, "status is written");
        var path = plural switch { "deployments" => $"{ns.Deployments}/kept", "services" => $"{ns.Services}/kept", _ => $"{ns.ServiceAccounts}/kept" };
        var planned = Field((await ns.TryGetAsync(path))!, field);

        // The second time finds an object that was applied, the first one that was created.
        for (var i = 0; i < 2; i++)
        {
            var answer = await ns.Rest.MergeAsync(path, edit);
            Assert.True(answer.IsSuccess, answer.Message);
            Assert.NotEqual(planned, Field(answer.Body, field));
            await ns.AwaitAsync(path, child => Field(child, field) == planned, $"{field} is {planned} again");
        }

        await ns.AwaitEventAsync("kept", "ChildRestored");
    }

    [Fact]
    public async Task A_child_that_is_deleted_by_hand_is_made_again()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("again");
        await ns.AwaitAsync($"{ns.Models}/again", m => m["status"] is not null, "status is written");

        foreach (var path in new[] { $"{ns.Deployments}/again", $"{ns.Services}/again", $"{ns.Services}/again-headless", $"{ns.ServiceAccounts}/again" })
        {
            var uid = (string)(await ns.TryGetAsync(path))!["metadata"]!["uid"]!;
            Assert.True((await ns.Rest.DeleteAsync(path + "?propagationPolicy=Background")).IsSuccess);
            await ns.AwaitAsync(path, child => (string)child["metadata"]!["uid"]! != uid, $"{path} exists again");
        }

        await ns.AwaitEventAsync("again", "ChildRestored");
    }

    [Fact]
    public async Task What_others_add_is_left_alone()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("shared");
        await ns.AwaitAsync($"{ns.Models}/shared", m => m["status"] is not null, "status is written");

        // As `kubectl rollout restart` does it.
        await ns.Rest.MergeAsync($"{ns.Deployments}/shared", """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}""");
        await ns.Rest.MergeAsync($"{ns.Deployments}/shared", """{"spec":{"replicas":3}}""");

        var (child, _) = await ns.AwaitAsync($"{ns.Deployments}/shared", d => (int)d["spec"]!["replicas"]! == 1, "the replicas are put back");
        Assert.Equal("now", Field(child, "spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt"));
    }

    [Fact]
    public async Task An_object_of_someone_else_is_neither_adopted_nor_changed()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.Rest.CreateAsync(ns.Services, "{apiVersion: v1, kind: Service, metadata: {name: taken}, spec: {ports: [{port: 80}]}}");
        var before = await ns.TryGetAsync($"{ns.Services}/taken");

        var services = cluster.Operator.Services.GetRequiredKeyedService<IStore<ObservedObject>>("services");
        await Eventually.FindAsync("the operator knows the Service", () => Task.FromResult(services.Get(new(ns.Name, "taken"))));

        await ns.CreateModelAsync("taken");

        var message = await ns.AwaitConditionAsync("taken", "Accepted", "False", "NameTaken");
        Assert.Contains("Service taken", message, StringComparison.Ordinal);
        await ns.AwaitEventAsync("taken", "NameTaken");
        Assert.Null(await ns.TryGetAsync($"{ns.Deployments}/taken"));
        Assert.True(JsonNode.DeepEquals(before, await ns.TryGetAsync($"{ns.Services}/taken")));

        await ns.Rest.DeleteAsync($"{ns.Services}/taken");

        await ns.AwaitAsync($"{ns.Deployments}/taken", _ => true, "the children are made once the name is free");
        await ns.AwaitConditionAsync("taken", "Accepted", "True", "Accepted");
    }

    [Fact]
    public async Task A_change_of_the_engine_makes_another_pod_template_and_a_change_of_replicas_does_not()
    {
        const string hash = "spec.template.metadata.annotations.fleetops\\.dev/template-hash";
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("rolled");
        var (first, _) = await ns.AwaitAsync($"{ns.Deployments}/rolled", _ => true, "the Deployment");

        await ns.Rest.MergeAsync($"{ns.Models}/rolled", """{"spec":{"replicas":2}}""");
        var (scaled, _) = await ns.AwaitAsync($"{ns.Deployments}/rolled", d => (int)d["spec"]!["replicas"]! == 2, "two replicas");
        await ns.Rest.MergeAsync($"{ns.Models}/rolled", """{"spec":{"engine":{"contextLength":8192}}}""");
        var (rolled, _) = await ns.AwaitAsync($"{ns.Deployments}/rolled", d => d.ToJsonString().Contains("\"8192\"", StringComparison.Ordinal), "the new argument");

        Assert.Equal(Field(first, hash), Field(scaled, hash));
        Assert.NotEqual(Field(first, hash), Field(rolled, hash));
    }

    [Fact]
    public async Task A_limit_that_is_no_longer_wanted_is_taken_away()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("cpu", "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, runtimeClassName: nvidia}}");
        await ns.AwaitAsync($"{ns.Deployments}/cpu", d => d.ToJsonString().Contains("nvidia.com/gpu", StringComparison.Ordinal), "the GPU is asked for");

        await ns.Rest.MergeAsync($"{ns.Models}/cpu", """{"spec":{"resources":{"gpus":0,"runtimeClassName":null}}}""");

        var (child, _) = await ns.AwaitAsync($"{ns.Deployments}/cpu", d => !d.ToJsonString().Contains("nvidia.com/gpu", StringComparison.Ordinal), "the GPU is no longer asked for");
        Assert.Null(child["spec"]!["template"]!["spec"]!["runtimeClassName"]);
        Assert.Equal("worker:test", Field(child, "spec.template.spec.containers.0.image"));
    }

    [Fact]
    public async Task Kubectl_scale_and_autoscalers_reach_the_Deployment()
    {
        var ns = await cluster.NewNamespaceAsync();
        await ns.CreateModelAsync("scaled");
        await ns.AwaitAsync($"{ns.Models}/scaled", m => m["status"]?["selector"] is not null, "status is written");

        var answer = await ns.Rest.MergeAsync($"{ns.Models}/scaled/scale", """{"spec":{"replicas":3}}""");

        Assert.True(answer.IsSuccess, answer.Message);
        Assert.Equal("fleetops.dev/model=scaled", (string)answer.Body["status"]!["selector"]!);
        await ns.AwaitAsync($"{ns.Deployments}/scaled", d => (int)d["spec"]!["replicas"]! == 3, "three replicas");
    }

    // "a.b.0": members and indexes; a dot within a name is written "\.".
    private static string? Field(JsonNode node, string path)
    {
        JsonNode? at = node;
        foreach (var part in path.Replace("\\.", "\0", StringComparison.Ordinal).Split('.').Select(p => p.Replace('\0', '.')))
        {
            at = int.TryParse(part, System.Globalization.CultureInfo.InvariantCulture, out var index) ? at?[index] : at?[part];
        }

        return at?.ToString();
    }
}
