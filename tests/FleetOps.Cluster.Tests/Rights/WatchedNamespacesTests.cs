using FleetOps.ControllerRuntime.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>An operator that serves two namespaces, with Roles alone.</summary>
[Collection(nameof(RightsCluster))]
public sealed class WatchedNamespacesTests(RightsCluster cluster)
{
    [Fact]
    public async Task Models_of_the_watched_namespaces_are_served_with_no_right_elsewhere()
    {
        var home = await cluster.NewNamespaceAsync("home");
        var a = await cluster.NewNamespaceAsync("a");
        var b = await cluster.NewNamespaceAsync("b");
        var other = await cluster.NewNamespaceAsync("c");
        var rights = await ChartRights.RenderAsync(home.Name, a.Name, b.Name);
        Assert.All(rights.Documents, document => Assert.Contains(document.Kind, new[] { "Role", "RoleBinding" }));
        Assert.Equal(new[] { home.Name, a.Name, b.Name }.Order(), rights.Documents.Select(document => document.Namespace!).Distinct().Order());
        await rights.InstallAsync(cluster.Rest);
        await using var running = await cluster.StartOperatorAsync(home.Name, a.Name, b.Name);

        await other.CreateModelAsync("alone");
        foreach (var ns in new[] { a, b })
        {
            await ns.CreateModelAsync("served");
            await ns.AwaitConditionAsync("served", "Ready", "False", "WorkersStarting");
            await ns.Rest.DeleteAsync($"{ns.Deployments}/served?propagationPolicy=Background");
            await ns.AwaitEventAsync("served", "ChildRestored");
            await ns.AwaitAsync($"{ns.Deployments}/served", _ => true, "it is made again");
        }

        Assert.Null((await other.TryGetAsync($"{other.Models}/alone"))!["status"]);
        Assert.Null(await other.TryGetAsync($"{other.Deployments}/alone"));
        Assert.Empty(running.Requests.Forbidden);
        Assert.Empty(running.Services.GetRequiredService<RuntimeHealth>().ReadinessProblems());
        var asked = running.Requests.All.Select(request => Right.Of(request.Method, request.Path)).OfType<(Right Right, string? Namespace)>().ToList();
        Assert.All(asked, request => Assert.Contains(request.Namespace, new[] { home.Name, a.Name, b.Name }));
        Assert.DoesNotContain(asked, request => request.Right.Resource == "nodes");
        Assert.DoesNotContain(asked, request => request.Namespace == home.Name && request.Right.Resource != "leases");
    }
}
