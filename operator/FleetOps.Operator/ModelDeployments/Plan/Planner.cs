using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>From what is observed to the children that should exist. A pure function: no clock, no network, nothing remembered.</summary>
internal static class Planner
{
    public static ModelDeploymentPlan Plan(Observation observed, WorkerSettings settings)
    {
        var model = observed.Model;
        if (model.Metadata.DeletionTimestamp is not null)
        {
            return new();
        }

        if (SpecRules.FirstViolation(model.Spec) is { } violation)
        {
            return new() { Obstacle = new(Reasons.InvalidSpec, violation + ".", RejectsSpec: true) };
        }

        if (PolicyRules.FirstObstacle(model.Spec, settings) is { } forbidden)
        {
            return new() { Obstacle = forbidden };
        }

        var names = ChildNames.For(model.Metadata.Name);
        var metadata = new ChildMetadata(model, names);
        V1Deployment Deployment(UsedCache? used) => WorkerDeployment.For(used is null ? model : With(model, used), names, metadata, settings);
        var cache = CacheChoice.Of(observed, settings, used => Hash(Deployment(used)));
        var deployment = Deployment(cache);
        var hash = Hash(deployment);
        var budget = observed.ServesPodDisruptionBudgets ? WorkerDisruptionBudget.For(model.Spec, names, metadata) : null;
        if (FirstObstacle(observed, names, budget) is { } obstacle)
        {
            return new() { TemplateHash = hash, Cache = cache, Obstacle = obstacle };
        }

        // Without its Secret a new worker could only wait; a worker that serves already goes on.
        var missing = observed.MissingSecret is { } secret ? MissingSecret(model, secret) : null;
        return new()
        {
            ServiceAccount = model.Spec.Pod?.ServiceAccountName is null ? Unless(observed.ServiceAccount, ServiceAccount(names, metadata)) : null,
            Service = Unless(observed.Service, WorkerServices.For(model.Spec.Service, names, metadata)),
            HeadlessService = Unless(observed.HeadlessService, WorkerServices.Headless(names, metadata)),
            NetworkPolicy = Unless(observed.NetworkPolicy, WorkerNetworkPolicy.For(model.Spec, names, metadata, settings)),
            PodDisruptionBudget = budget is null ? null : Unless(observed.PodDisruptionBudget, budget),
            Deployment = missing is not null && observed.Deployment is null ? null : Unless(observed.Deployment, deployment),
            Unwanted = Unwanted(observed, names, budget),
            TemplateHash = hash,
            Cache = cache,
            Obstacle = missing,
        };
    }

    private static string Hash(V1Deployment deployment) => deployment.Spec.Template.Metadata.Annotations[Labels.TemplateHash];

    private static ModelDeployment With(ModelDeployment model, UsedCache cache) => new() { Metadata = model.Metadata, Spec = CacheChoice.With(model.Spec, cache) };

    private static ChildReference[] Unwanted(Observation observed, ChildNames names, V1PodDisruptionBudget? budget)
    {
        var model = observed.Model;
        var withoutBudget = budget is null && IsOurs(observed.PodDisruptionBudget, model);
        // One that is given the name of ours may be ours from before: workers need it.
        var withoutAccount = model.Spec.Pod?.ServiceAccountName is { } given && given != names.ServiceAccount && IsOurs(observed.ServiceAccount, model);
        var unwantedBudget = new ChildReference("PodDisruptionBudget", names.Deployment);
        var unwantedAccount = new ChildReference("ServiceAccount", names.ServiceAccount);
        return (withoutBudget, withoutAccount) switch
        {
            (true, true) => [unwantedBudget, unwantedAccount],
            (true, false) => [unwantedBudget],
            (false, true) => [unwantedAccount],
            _ => [],
        };
    }

    private static bool IsOurs(ObservedObject? child, ModelDeployment model) =>
        child is { Metadata.DeletionTimestamp: null } && Owners.IsControlledBy(child, model);

    // An object that is on its way out takes no changes; its end wakes us again.
    private static T? Unless<T>(ObservedObject? observed, T desired)
        where T : class =>
        observed?.Metadata.DeletionTimestamp is null ? desired : null;

    private static Obstacle? FirstObstacle(Observation observed, ChildNames names, V1PodDisruptionBudget? budget)
    {
        var model = observed.Model;
        return ObstacleOf(model, "Deployment", names.Deployment, observed.Deployment)
            ?? ObstacleOf(model, "Service", names.Service, observed.Service)
            ?? ObstacleOf(model, "Service", names.HeadlessService, observed.HeadlessService)
            ?? ObstacleOf(model, "ServiceAccount", names.ServiceAccount, model.Spec.Pod?.ServiceAccountName is null ? observed.ServiceAccount : null)
            ?? ObstacleOf(model, "NetworkPolicy", names.Deployment, observed.NetworkPolicy)
            ?? ObstacleOf(model, "PodDisruptionBudget", names.Deployment, budget is null ? null : observed.PodDisruptionBudget);
    }

    private static Obstacle? ObstacleOf(ModelDeployment model, string kind, string name, ObservedObject? existing)
    {
        if (existing is null || Owners.IsControlledBy(existing, model))
        {
            return null;
        }

        var owner = ChildMetadata.Controller(existing.Metadata);
        if (owner?.Kind == ModelDeployment.KindName && owner.Name == model.Metadata.Name)
        {
            return new(
                Reasons.WaitingForRemoval,
                $"{kind} {name} belongs to an earlier ModelDeployment of this name and is being removed by Kubernetes; the new one is made after that.",
                RejectsSpec: false);
        }

        var whose = owner is null ? "was not made by FleetOps" : $"belongs to {owner.Kind} {owner.Name}";
        return new(
            Reasons.NameTaken,
            $"{kind} {name} exists and {whose}; it is left as it is, and nothing is served. Delete or rename it, or give this ModelDeployment another name.",
            RejectsSpec: true);
    }

    private static Obstacle MissingSecret(ModelDeployment model, SecretUse secret) => new(
        Reasons.SecretNotFound,
        $"Secret {secret.Name}, named in {secret.Field}, does not exist in namespace {model.Metadata.NamespaceProperty}. "
        + "Create it, or correct the name; nothing else is needed then.",
        RejectsSpec: false);

    private static V1ServiceAccount ServiceAccount(ChildNames names, ChildMetadata metadata) => new()
    {
        ApiVersion = "v1",
        Kind = "ServiceAccount",
        Metadata = metadata.For(names.ServiceAccount),
        AutomountServiceAccountToken = false,
    };
}
