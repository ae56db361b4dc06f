using FleetOps.Cluster.Tests.Operator;
using FleetOps.Cluster.Tests.Support;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.Cluster.Tests.Rights;

/// <summary>What the operator knows of Secrets.</summary>
[Collection(nameof(OperatedCluster))]
public sealed class SecretTests(OperatedCluster cluster)
{
    [Fact]
    public async Task The_operator_keeps_neither_values_nor_annotations_of_a_secret()
    {
        var ns = await cluster.NewNamespaceAsync();
        // The annotation is what kubectl apply writes.
        var answer = await ns.Rest.CreateAsync(ns.Secrets, """{apiVersion: v1, kind: Secret, metadata: {name: token, annotations: {kubectl.kubernetes.io/last-applied-configuration: hush}}, stringData: {token: hush}}""");
        Assert.True(answer.IsSuccess, answer.Message);

        var store = cluster.Operator.Services.GetRequiredService<IStore<V1Secret>>();
        var (kept, _) = await Eventually.FindAsync("the Secret is in the store", () => Task.FromResult(store.Get(new ObjectKey(ns.Name, "token"))));

        Assert.True(kept is { Data: null, StringData: null });
        Assert.Empty(kept.Metadata.Annotations ?? new Dictionary<string, string>());
        Assert.Null(kept.Metadata.ManagedFields);
    }
}
