using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Operator;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>Names that are long, shared or somebody else's.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class NameTests(OperatedCluster cluster)
{
    public static TheoryData<string, string, string, string> Foreign => new()
    {
        { "apis/apps/v1", "deployments", "taken", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: taken}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}" },
        { "api/v1", "services", "taken", "{apiVersion: v1, kind: Service, metadata: {name: taken}, spec: {ports: [{port: 80}]}}" },
        { "api/v1", "services", "taken-headless", "{apiVersion: v1, kind: Service, metadata: {name: taken-headless}, spec: {ports: [{port: 80}]}}" },
        { "api/v1", "serviceaccounts", "taken", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: taken}}" },
        { "apis/networking.k8s.io/v1", "networkpolicies", "taken", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: taken}, spec: {podSelector: {}}}" },
    };

    [Theory, MemberData(nameof(Foreign))]
    public async Task An_object_of_somebody_else_is_never_changed(string api, string plural, string name, string yaml)
    {
        var ns = await cluster.NewNamespaceAsync();
        var path = $"{api}/namespaces/{ns.Name}/{plural}";
        var foreign = (await ns.Rest.CreateAsync(path, yaml)).Body;

        await ns.CreateModelAsync("taken");

        var message = await ns.AwaitConditionAsync("taken", "Accepted", "False", "NameTaken");
        Assert.Contains($"{foreign["kind"]} {name}", message, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(foreign, await ns.TryGetAsync($"{path}/{name}")));

        Assert.True((await ns.Rest.DeleteAsync($"{path}/{name}?propagationPolicy=Background")).IsSuccess);
        await ns.AwaitConditionAsync("taken", "Accepted", "True", "Accepted");
        await ns.AwaitAsync($"{path}/{name}", found => found["metadata"]!["ownerReferences"] is not null, "it is made once the name is free");
    }

    [Fact]
    public async Task Long_names_that_begin_alike_get_children_of_their_own()
    {
        var ns = await cluster.NewNamespaceAsync();
        var start = string.Join('.', Enumerable.Repeat(new string('a', 49), 5));
        string[] names = [start + ".b1", start + "." + new string('b', 3), "short"];
        Assert.Equal(253, names[1].Length);
        var services = new HashSet<string>();
        foreach (var name in names)
        {
            await ns.CreateModelAsync(name);
        }

        foreach (var name in names)
        {
            await ns.AwaitConditionAsync(name, "Ready", "False", "WorkersStarting");
            var model = (await ns.TryGetAsync($"{ns.Models}/{name}"))!;
            var endpoint = (string)model["status"]!["endpoint"]!;
            var service = endpoint.Split('.')[0];
            Assert.Equal($"{service}.{ns.Name}.svc:9090", endpoint);
            Assert.True(services.Add(service));
            foreach (var child in new[] { $"{ns.Services}/{service}", $"{ns.Deployments}/{service}", $"{ns.ServiceAccounts}/{service}" })
            {
                Assert.Equal((string)model["metadata"]!["uid"]!, (string)(await ns.TryGetAsync(child))!["metadata"]!["ownerReferences"]![0]!["uid"]!);
            }
        }
    }

    [Fact]
    public async Task One_name_can_be_used_in_many_namespaces()
    {
        var namespaces = new List<PlayedNamespace>();
        for (var i = 0; i < 20; i++)
        {
            var ns = await cluster.NewNamespaceAsync();
            await ns.CreateModelAsync("same");
            namespaces.Add(ns);
        }

        foreach (var ns in namespaces)
        {
            await ns.AwaitConditionAsync("same", "Ready", "False", "WorkersStarting");
            var model = (await ns.TryGetAsync($"{ns.Models}/same"))!;
            Assert.Equal($"same.{ns.Name}.svc:9090", (string)model["status"]!["endpoint"]!);
            Assert.Equal((string)model["metadata"]!["uid"]!, (string)(await ns.TryGetAsync($"{ns.Deployments}/same"))!["metadata"]!["ownerReferences"]![0]!["uid"]!);
            Assert.False((bool)(await ns.TryGetAsync($"{ns.ServiceAccounts}/same"))!["automountServiceAccountToken"]!);
        }
    }
}
