using System.Text.Json;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Observe;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.ModelDeployments.Status;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Act;

/// <summary>Makes the children be as planned, all at once, and sends nothing for a child that is. Thread-safe.</summary>
internal sealed class ChildWriter(KubeApi api, Applier applier, ChildStores stores)
{
    /// <summary>Writes what differs.</summary>
    /// <returns>What was written, and what the API server refused.</returns>
    public async Task<WriteReport> WriteAsync(ModelDeployment model, ModelDeploymentPlan plan, CancellationToken cancel)
    {
        var report = new WriteReport();
        await Task.WhenAll(
            WriteAsync(BuiltInTypes.ServiceAccounts, plan.ServiceAccount, stores.ServiceAccounts, model, report, cancel),
            WriteServiceAsync(plan.Service, model, report, cancel),
            WriteServiceAsync(plan.HeadlessService, model, report, cancel),
            WriteAsync(BuiltInTypes.NetworkPolicies, plan.NetworkPolicy, stores.NetworkPolicies, model, report, cancel),
            WriteAsync(BuiltInTypes.PodDisruptionBudgets, plan.PodDisruptionBudget, stores.PodDisruptionBudgets, model, report, cancel),
            WriteAsync(BuiltInTypes.Deployments, plan.Deployment, stores.Deployments, model, report, cancel));
        foreach (var child in plan.Unwanted)
        {
            await DeleteAsync(child, model, cancel);
        }

        return report;
    }

    private Task DeleteAsync(ChildReference child, ModelDeployment model, CancellationToken cancel)
    {
        var key = new ObjectKey(model.Metadata.NamespaceProperty, child.Name);
        return child.Kind switch
        {
            "PodDisruptionBudget" => DeleteAsync(BuiltInTypes.PodDisruptionBudgets, stores.PodDisruptionBudgets.Get(key), model, cancel),
            "ServiceAccount" => DeleteAsync(BuiltInTypes.ServiceAccounts, stores.ServiceAccounts.Get(key), model, cancel),
            _ => throw new InvalidOperationException($"A plan asks to delete {child.Kind} {key}, a kind that is never deleted."),
        };
    }

    private async Task DeleteAsync<T>(ResourceType<T> type, ObservedObject? existing, ModelDeployment model, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (existing is null || !Owners.IsControlledBy(existing, model))
        {
            return;
        }

        try
        {
            await api.DeleteAsync(type, ObjectKey.Of(existing), Preconditions.Exactly(existing.Metadata), cancel);
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            // It has changed since; that wakes us again, with a newer view of it.
        }
    }

    // Server-side apply adds our port beside one that someone else renumbered, and two ports of one name are refused. So the list is
    // replaced as a whole where it holds a port that is not ours.
    private async Task WriteServiceAsync(V1Service? desired, ModelDeployment model, WriteReport report, CancellationToken cancel)
    {
        if (desired is not null && stores.Services.Get(ObjectKey.Of(desired)) is { } existing && Owners.IsControlledBy(existing, model) && HasOtherPorts(existing, desired))
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(new V1Service { Spec = new() { Ports = desired.Spec.Ports } }, BuiltInTypes.Services.Json);
            stores.Services.Assume(await api.MergePatchAsync(BuiltInTypes.Services.AsObserved(), ObjectKey.Of(desired), patch, subresource: null, cancel));
            report.Wrote(new(BuiltInTypes.Services.Kind, desired.Metadata.Name, Existed: true, "spec.ports"));
        }

        await WriteAsync(BuiltInTypes.Services, desired, stores.Services, model, report, cancel);
    }

    private static bool HasOtherPorts(ObservedObject existing, V1Service desired)
    {
        using var content = existing.Content();
        return content is not null
            && content.RootElement.TryGetProperty("spec"u8, out var spec)
            && spec.TryGetProperty("ports"u8, out var ports)
            && ports.EnumerateArray().Any(port => !desired.Spec.Ports.Any(ours => IsNumbered(port, ours.Port) && IsNamed(port, ours.Name)));

        static bool IsNumbered(JsonElement port, int number) => port.TryGetProperty("port"u8, out var value) && value.TryGetInt32(out var there) && there == number;

        static bool IsNamed(JsonElement port, string name) => port.TryGetProperty("name"u8, out var value) && value.ValueEquals(name);
    }

    private async Task WriteAsync<T>(ResourceType<T> type, T? desired, IStore<ObservedObject> store, ModelDeployment model, WriteReport report, CancellationToken cancel)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (desired is null)
        {
            return;
        }

        // Since the plan was made someone may have put an object of their own there; its arrival wakes us again.
        var existing = store.Get(ObjectKey.Of(desired));
        if (existing is not null && !Owners.IsControlledBy(existing, model))
        {
            return;
        }

        try
        {
            var result = await applier.ApplyAsync(type, desired, store, cancel);
            if (result.Written)
            {
                report.Wrote(new(type.Kind, desired.Metadata.Name, existing is not null, result.FirstDifference));
            }
        }
        catch (KubeApiException e) when (e.IsAlreadyExists)
        {
            // The store has not heard of it yet; when it does, whose it is will be seen.
            report.Late();
        }
        catch (KubeApiException e) when (e.IsForbidden || e.IsInvalid)
        {
            var trouble = ReasonTraits.Describe(Reasons.ChildRefused, $"{type.Kind} {desired.Metadata.Name}", $"the API server refuses it: {e.ServerMessage}");
            report.Refused(new(trouble.Reason, trouble.Message, RejectsSpec: false));
        }
    }
}
