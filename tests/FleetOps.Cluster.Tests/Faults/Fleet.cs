using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;
using FleetOps.TestCluster;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>The models that a test made in one namespace, and what must be there for them in the end.</summary>
internal sealed class Fleet(PlayedNamespace ns) : IAsyncDisposable
{
    /// <summary>Wanted replicas by name; the one field that the tests change.</summary>
    public ConcurrentDictionary<string, int> Wanted { get; } = new(StringComparer.Ordinal);

    public PlayedNamespace Namespace { get; } = ns;

    public async Task CreateAsync(string name, int replicas = 1)
    {
        await Namespace.CreateModelAsync(name, $"{{model: {{source: hf://owner/repository/model.gguf}}, resources: {{gpus: 1}}, replicas: {replicas}}}");
        Wanted[name] = replicas;
    }

    public async Task ScaleAsync(string name, int replicas)
    {
        var answer = await Namespace.Rest.MergeAsync($"{Namespace.Models}/{name}", $$$"""{"spec":{"replicas":{{{replicas}}}}}""");
        Assert.True(answer.IsSuccess, answer.Message);
        Wanted[name] = replicas;
    }

    /// <summary>Models that were deleted.</summary>
    public ConcurrentBag<string> Gone { get; } = [];

    public async Task DeleteAsync(string name)
    {
        Assert.True((await Namespace.Rest.DeleteAsync($"{Namespace.Models}/{name}")).IsSuccess);
        Wanted.TryRemove(name, out _);
        Gone.Add(name);
    }

    /// <summary>Does what the garbage collector of Kubernetes does for the children of a model that is gone.</summary>
    public async Task CollectChildrenAsync(string name)
    {
        foreach (var path in Children(name))
        {
            await Namespace.Rest.DeleteAsync(path);
        }
    }

    /// <summary>Waits until each model has its children, of its own and as wanted, and a status of its last generation, and those that are gone have none.</summary>
    public async Task ConvergesAsync()
    {
        var last = "nothing was looked at";
        try
        {
            await Eventually.FindAsync("every model has what is planned", async () => (last = await FaultAsync()) is null ? this : null);
        }
        catch (Xunit.Sdk.FailException e)
        {
            Assert.Fail($"{e.Message} {last}");
        }
    }

    /// <summary>
    /// A fresh operator over a sound connection finds nothing to write: every child and status is exactly as planned, not only in the fields
    /// that <see cref="ConvergesAsync"/> looks at. No other operator may run.
    /// </summary>
    public static async Task NothingIsLeftToWriteAsync(ApiServer server)
    {
        await using var fresh = await OperatorUnderFaults.StartAsync(server.CreateConfiguration());
        await Eventually.FindAsync("every model was looked at", () => Task.FromResult(fresh.Models.Count > 0 && fresh.Reconciles.All >= fresh.Models.Count ? fresh : null));
        Assert.Equal([], fresh.Requests.Writes);
        Assert.Equal(0, fresh.Reconciles.Failed);
    }

    /// <summary>Takes the models away, so that the operators of further tests have nothing to do with them.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await Namespace.Rest.DeleteAsync(Namespace.Models);
        }
        catch (HttpRequestException)
        {
            // The test has failed with the server down, and says so itself.
        }
    }

    public IEnumerable<string> Children(string name) =>
        [$"{Namespace.Deployments}/{name}", $"{Namespace.Services}/{name}", $"{Namespace.Services}/{name}-headless", $"{Namespace.ServiceAccounts}/{name}"];

    private async Task<string?> FaultAsync()
    {
        var models = await ByNameAsync(Namespace.Models);
        var deployments = await ByNameAsync(Namespace.Deployments);
        var services = await ByNameAsync(Namespace.Services);
        var accounts = await ByNameAsync(Namespace.ServiceAccounts);
        foreach (var (name, replicas) in Wanted)
        {
            if (!models.TryGetValue(name, out var model))
            {
                return $"Model {name} is gone.";
            }

            foreach (var (kind, child) in new[] { ("Deployment", Find(deployments, name)), ("Service", Find(services, name)), ("headless Service", Find(services, $"{name}-headless")), ("ServiceAccount", Find(accounts, name)) })
            {
                if ((string?)child?["metadata"]!["ownerReferences"]?[0]?["uid"] != (string)model["metadata"]!["uid"]!)
                {
                    return $"The {kind} of {name} {(child is null ? "is not there" : "is not its own")}.";
                }
            }

            if ((int)deployments[name]["spec"]!["replicas"]! != replicas)
            {
                return $"The Deployment of {name} has {deployments[name]["spec"]!["replicas"]} replicas instead of {replicas}.";
            }

            if ((int?)model["status"]?["observedGeneration"] != (int)model["metadata"]!["generation"]!)
            {
                return $"The status of {name} is of generation {model["status"]?["observedGeneration"]} instead of {model["metadata"]!["generation"]}.";
            }
        }

        var left = Gone.Where(name => deployments.ContainsKey(name) || services.ContainsKey(name) || services.ContainsKey($"{name}-headless") || accounts.ContainsKey(name)).ToList();
        foreach (var name in left)
        {
            await CollectChildrenAsync(name);
        }

        return left.Count == 0 ? null : $"There are children of models that are gone: {string.Join(", ", left)}.";
    }

    private static JsonNode? Find(Dictionary<string, JsonNode> objects, string name) => objects.GetValueOrDefault(name);

    private async Task<Dictionary<string, JsonNode>> ByNameAsync(string collection) =>
        (await Namespace.Rest.GetAsync(collection)).Body["items"]!.AsArray().ToDictionary(item => (string)item!["metadata"]!["name"]!, item => item!, StringComparer.Ordinal);
}
