using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>The chart grants what the operator does, and nothing else.</summary>
[Collection(nameof(RightsCluster))]
public sealed class MinimalRightsTests(RightsCluster cluster)
{
    private const string Digest = """{"metadata":{"annotations":{"fleetops.dev/applied-intent":null}}}""";

    private static readonly (Func<Right, bool> Is, string Why)[] Exceptions =
    [
        (right => right.Resource == "poddisruptionbudgets", "this API server does not serve policy/v1, so that there are no budgets to write"),
        (right => right.Resource is "modeldeployments/finalizers" or "modelcaches/finalizers", "admission asks for it, no request does; MissingRightTests shows that it is needed"),
    ];

    [Fact]
    public async Task The_rights_of_the_chart_are_just_those_that_are_used()
    {
        var home = await cluster.NewNamespaceAsync("minimal");
        var rights = await ChartRights.RenderAsync(home.Name);
        await rights.InstallAsync(cluster.Rest);
        RequestLog requests;
        await using (var running = await cluster.StartOperatorAsync(home.Name))
        {
            requests = running.Requests;
            await UseEverythingAsync(home, requests);
        }

        Assert.Empty(requests.Forbidden);
        var used = requests.All.Select(request => Right.Of(request.Method, request.Path)?.Right).OfType<Right>().ToHashSet();
        foreach (var (isException, why) in Exceptions)
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"Not compared: {string.Join(", ", rights.Granted.Where(isException))}: {why}.");
        }

        Assert.Equal(Compared(rights.Granted), Compared(used));
        var secrets = requests.All.Where(request => Right.Of(request.Method, request.Path)?.Right.Resource == "secrets").ToList();
        Assert.NotEmpty(secrets);
        Assert.All(secrets, request => Assert.Matches("^application/json; as=PartialObjectMetadata(List)?; g=meta.k8s.io; v=v1$", request.Accept));
    }

    private static List<string> Compared(IEnumerable<Right> rights) =>
        [.. rights.Where(right => !Exceptions.Any(e => e.Is(right))).Select(right => right.ToString()).Order(StringComparer.Ordinal)];

    private static async Task UseEverythingAsync(PlayedNamespace ns, RequestLog requests)
    {
        await ns.CreateModelAsync("used", "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, runtimeClassName: nvidia}}");
        string[] children = [$"{ns.Deployments}/used", $"{ns.Services}/used", $"{ns.ServiceAccounts}/used", $"apis/networking.k8s.io/v1/namespaces/{ns.Name}/networkpolicies/used"];
        foreach (var child in children)
        {
            await ns.AwaitAsync(child, _ => true, child);
        }

        await ns.AwaitConditionAsync("used", "Ready", "False", "WorkersStarting");

        // A field that goes away, and children that do not say what they were made of, as those of another version may not.
        await ns.Rest.MergeAsync($"{ns.Models}/used", """{"spec":{"resources":{"runtimeClassName":null}}}""");
        await ns.AwaitAsync($"{ns.Deployments}/used", d => d["spec"]!["template"]!["spec"]!["runtimeClassName"] is null, "the field is gone");
        foreach (var child in children)
        {
            await ns.Rest.MergeAsync(child, Digest);
            await ns.AwaitAsync(child, c => c["metadata"]!["annotations"]?["fleetops.dev/applied-intent"] is not null, $"{child} says again what it was made of");
        }

        // The same happens again, which makes a series of one event.
        await Eventually.FindAsync("an event is counted", async () =>
        {
            await ns.Rest.MergeAsync($"{ns.Deployments}/used", """{"spec":{"replicas":7}}""");
            await ns.AwaitAsync($"{ns.Deployments}/used", d => (int)d["spec"]!["replicas"]! == 1, "one replica");
            return requests.Writes.FirstOrDefault(write => write.StartsWith("PATCH /apis/events", StringComparison.Ordinal));
        });

        // A Job that fetches, and another one in its place.
        var (first, _) = await ns.CreateCacheAsync("used", "{model: {source: hf://o/r/f.gguf}, target: {claimName: weights}}");
        await ns.Rest.MergeAsync($"{ns.Caches}/used", """{"spec":{"model":{"source":"hf://o/r/g.gguf"}}}""");
        await Eventually.FindAsync("the first Job is gone", async () => await ns.TryGetAsync($"{ns.Jobs}/{first}") is null ? "gone" : null);

        await ns.Rest.MergeAsync($"{ns.Models}/used", """{"spec":{"pod":{"serviceAccountName":"mine"}}}""");
        await Eventually.FindAsync("the ServiceAccount is gone", async () => await ns.TryGetAsync(children[2]) is null ? "gone" : null);
        await Eventually.FindAsync("the Lease is renewed", () => Task.FromResult(requests.All.Any(r => r.Method == HttpMethod.Put) ? "renewed" : null));
    }
}
