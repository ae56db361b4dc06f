using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>What people see of an operator that lacks one right.</summary>
[Collection(nameof(RightsCluster))]
public sealed class MissingRightTests(RightsCluster cluster)
{
    private const string Placeholder = "placeholder";

    public static TheoryData<string, string, string, string, string> WithheldChildren => new()
    {
        { "apps", "deployments", "create", "Deployment lacking", "cannot create resource \"deployments\"" },
        { "", "services", "create", "Service lacking", "cannot create resource \"services\"" },
        { "", "serviceaccounts", "create", "ServiceAccount lacking", "cannot create resource \"serviceaccounts\"" },
        { "networking.k8s.io", "networkpolicies", "create", "NetworkPolicy lacking", "cannot create resource \"networkpolicies\"" },
        { "fleetops.dev", "modeldeployments/finalizers", "update", "lacking", "cannot set blockOwnerDeletion" },
    };

    public static TheoryData<string, string, string> UnpatchedChildren => new()
    {
        { "apps", "deployments", """{"spec":{"replicas":7}}""" },
        { "", "services", """{"spec":{"selector":{"fleetops.dev/model":"another"}}}""" },
    };

    public static TheoryData<string, string, string> RefusedRequests => new()
    {
        { "fleetops.dev", "modeldeployments/status", "patch" },
        { "events.k8s.io", "events", "create" },
        { "", "pods", "watch" },
        { "coordination.k8s.io", "leases", "create" },
        { "coordination.k8s.io", "leases", "update" },
    };

    public static TheoryData<string, string> UnreadableKinds => new()
    {
        { "", "secrets" },
        { "apps", "deployments" },
        { "fleetops.dev", "modeldeployments" },
    };

    [Theory, MemberData(nameof(WithheldChildren))]
    public async Task The_condition_names_the_child_and_the_right(string group, string resource, string verb, string child, string cause)
    {
        var ns = await NewNamespaceWithoutAsync(new(group, resource, verb));
        await using var running = await cluster.StartOperatorAsync(ns.Name, ns.Name);

        await ns.CreateModelAsync("lacking");

        var message = await ns.AwaitConditionAsync("lacking", "Ready", "False", "ChildRefused");
        Assert.Contains(child, message, StringComparison.Ordinal);
        Assert.Contains(cause, message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(UnpatchedChildren))]
    public async Task The_condition_names_the_child_that_cannot_be_put_back(string group, string resource, string edit)
    {
        var ns = await NewNamespaceWithoutAsync(new(group, resource, "patch"));
        await using var running = await cluster.StartOperatorAsync(ns.Name, ns.Name);
        await ns.CreateModelAsync("lacking");
        await ns.AwaitConditionAsync("lacking", "Ready", "False", "WorkersStarting");

        var edited = await ns.Rest.MergeAsync($"{(resource == "services" ? ns.Services : ns.Deployments)}/lacking", edit);
        Assert.True(edited.IsSuccess, edited.Message);

        Assert.Contains($"cannot patch resource \"{resource}\"", await ns.AwaitConditionAsync("lacking", "Ready", "False", "ChildRefused"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(RefusedRequests))]
    public async Task The_request_is_refused(string group, string resource, string verb)
    {
        var lacking = new Right(group, resource, verb);
        var ns = await NewNamespaceWithoutAsync(lacking);
        await using var running = await cluster.StartOperatorAsync(ns.Name, ns.Name);

        await ns.CreateModelAsync("lacking");

        var (refused, _) = await Eventually.FindAsync($"{lacking} is refused", () => Task.FromResult(running.Requests.Forbidden.Select(RightOf).FirstOrDefault(right => right is not null)));
        Assert.Equal(lacking, refused);
    }

    [Theory, MemberData(nameof(UnreadableKinds))]
    public async Task The_operator_is_not_ready_and_says_why(string group, string resource)
    {
        var ns = await NewNamespaceWithoutAsync(new(group, resource, "list"));
        await using var running = await cluster.StartOperatorAsync(ns.Name, ns.Name);

        var health = running.Services.GetRequiredService<RuntimeHealth>();
        var cause = $"cannot list resource \"{resource}\"";
        await Eventually.FindAsync($"not ready: {cause}", () => Task.FromResult(health.ReadinessProblems().FirstOrDefault(problem => problem.Contains(cause, StringComparison.Ordinal))));
    }

    private static Right? RightOf(string request)
    {
        var parts = request.Split(' ', 2);
        return Right.Of(new(parts[0]), new("http://server" + parts[1]))?.Right;
    }

    private async Task<PlayedNamespace> NewNamespaceWithoutAsync(Right lacking)
    {
        var ns = await cluster.NewNamespaceAsync("lacking");
        var rights = (await ChartRights.RenderAsync(Placeholder, Placeholder)).For(Placeholder, ns.Name, lacking);
        Assert.DoesNotContain(lacking, rights.Granted);
        await rights.InstallAsync(ns.Rest);
        return ns;
    }
}
