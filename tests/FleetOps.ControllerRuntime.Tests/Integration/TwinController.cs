using System.Collections.Concurrent;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>Keeps a twin, a ServiceAccount, for each ConfigMap with a <c>key</c>, whose value may ask for trouble.</summary>
#pragma warning disable CA1812 // Made by dependency injection.
internal sealed class TwinController(Applier applier, [FromKeyedServices("serviceaccounts")] IStore<ObservedObject> children) : IEntityController<V1ConfigMap>
#pragma warning restore CA1812
{
    private int _writes;
    private int _throws;

    public ConcurrentQueue<string> Reconciled { get; } = new();

    public ConcurrentQueue<string> Deleted { get; } = new();

    public TaskCompletionSource SlowMayEnd { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Writes => _writes;

    public async Task<ReconciliationResult> ReconcileAsync(V1ConfigMap entity, CancellationToken cancellationToken)
    {
        if (entity.Data?.TryGetValue("key", out var value) != true)
        {
            return ReconciliationResult.Success();
        }

        Reconciled.Enqueue(entity.Metadata.Name);
        switch (value)
        {
            case "throw 3" when ++_throws <= 3:
                throw new InvalidOperationException("thrown by the test");
            case "terminal":
                return ReconciliationResult.Terminal("refused by the test");
            case "slow":
                await SlowMayEnd.Task;
                break;
        }

        var desired = new V1ServiceAccount
        {
            Metadata = new V1ObjectMeta
            {
                Name = entity.Metadata.Name + "-child",
                NamespaceProperty = entity.Metadata.NamespaceProperty,
                Annotations = new Dictionary<string, string> { ["value"] = value! },
                OwnerReferences = [Owners.ControllerReference(BuiltInTypes.ConfigMaps, entity)],
            },
            AutomountServiceAccountToken = false,
        };
        var result = await applier.ApplyAsync(BuiltInTypes.ServiceAccounts, desired, children, cancellationToken);
        if (result.Written)
        {
            Interlocked.Increment(ref _writes);
        }

        return ReconciliationResult.Success(value == "requeue" ? TimeSpan.FromMilliseconds(50) : null);
    }

    public Task DeletedAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        Deleted.Enqueue(key.Name);
        return Task.CompletedTask;
    }
}
