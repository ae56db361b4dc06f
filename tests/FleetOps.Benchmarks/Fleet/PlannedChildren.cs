using System.Text.Json;
using System.Text.Json.Nodes;
using FleetOps.Api;
using FleetOps.Benchmarks.Cluster;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s;
using k8s.Models;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>What the operator states about the children of the ModelDeployments of a cluster, without what the server defaults or sets.</summary>
internal sealed class PlannedChildren
{
    private static readonly WorkerSettings Settings = new("fleetops.dev/worker:bench", "fleetops.dev/worker-cuda:bench");

    private readonly Dictionary<(string Kind, string Namespace, string Name), JsonObject> _documents = [];

    public static async Task<PlannedChildren> OfAsync(BenchCluster cluster, CancellationToken cancel)
    {
        var all = new PlannedChildren();
        foreach (var item in (await cluster.Admin.GetAsync("apis/fleetops.dev/v1alpha1/modeldeployments", cancel))["items"]!.AsArray())
        {
            var plan = Planner.Plan(new() { Model = item.Deserialize(FleetOpsJson.Default.ModelDeployment)! }, Settings);
            all.Add(BuiltInTypes.ServiceAccounts, plan.ServiceAccount);
            all.Add(BuiltInTypes.Services, plan.Service);
            all.Add(BuiltInTypes.Services, plan.HeadlessService);
            all.Add(BuiltInTypes.NetworkPolicies, plan.NetworkPolicy);
            all.Add(BuiltInTypes.PodDisruptionBudgets, plan.PodDisruptionBudget);
            all.Add(BuiltInTypes.Deployments, plan.Deployment);
        }

        return all;
    }

    /// <summary>The document to apply so that a child like this one comes out, its annotations included.</summary>
    /// <exception cref="InvalidOperationException">No ModelDeployment asks for such a child.</exception>
    public JsonObject DocumentOf(JsonNode child, string apiVersion, string kind)
    {
        var metadata = child["metadata"]!;
        var (ns, name) = ((string)metadata["namespace"]!, (string)metadata["name"]!);
        if (!_documents.TryGetValue((kind, ns, name), out var planned))
        {
            throw new InvalidOperationException($"{kind} {ns}/{name} belongs to a ModelDeployment that does not ask for it.");
        }

        var document = (JsonObject)planned.DeepClone();
        document["apiVersion"] = apiVersion;
        document["kind"] = kind;
        document["metadata"]!["annotations"] = metadata["annotations"]?.DeepClone();
        return document;
    }

    private void Add<T>(ResourceType<T> type, T? child)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (child is not null)
        {
            _documents[(type.Kind, child.Metadata.NamespaceProperty, child.Metadata.Name)] = JsonSerializer.SerializeToNode(child, type.Json)!.AsObject();
        }
    }
}
