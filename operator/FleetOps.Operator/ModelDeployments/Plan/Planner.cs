using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Reconciling;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Plan;

/// <summary>From what is observed to the children that should exist. A pure function: no clock, no network, nothing remembered.</summary>
internal static class Planner
{
    internal const int ProgressDeadlineSeconds = 1800;
    private const int RevisionHistoryLimit = 2;

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

        var names = ChildNames.For(model.Metadata.Name);
        var deployment = Deployment(model, names, settings);
        var hash = deployment.Spec.Template.Metadata.Annotations[Labels.TemplateHash];
        if (FirstObstacle(observed, names) is { } obstacle)
        {
            return new() { TemplateHash = hash, Obstacle = obstacle };
        }

        // Without its Secret a new worker could only wait; a worker that serves already goes on.
        var missing = observed.SecretExists ? null : MissingSecret(model);
        return new()
        {
            ServiceAccount = Unless(observed.ServiceAccount, ServiceAccount(model, names)),
            Service = Unless(observed.Service, Service(model, names)),
            HeadlessService = Unless(observed.HeadlessService, HeadlessService(model, names)),
            Deployment = missing is not null && observed.Deployment is null ? null : Unless(observed.Deployment, deployment),
            TemplateHash = hash,
            Obstacle = missing,
        };
    }

    // An object that is on its way out takes no changes; its end wakes us again.
    private static T? Unless<T>(ObservedObject? observed, T desired)
        where T : class =>
        observed?.Metadata.DeletionTimestamp is null ? desired : null;

    private static Obstacle? FirstObstacle(Observation observed, ChildNames names) =>
        ObstacleOf(observed.Model, "Deployment", names.Deployment, observed.Deployment)
        ?? ObstacleOf(observed.Model, "Service", names.Service, observed.Service)
        ?? ObstacleOf(observed.Model, "Service", names.HeadlessService, observed.HeadlessService)
        ?? ObstacleOf(observed.Model, "ServiceAccount", names.ServiceAccount, observed.ServiceAccount);

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

    private static Obstacle MissingSecret(ModelDeployment model) => new(
        Reasons.SecretNotFound,
        $"Secret {model.Spec.Model.CredentialsSecretRef!.Name}, named in spec.model.credentialsSecretRef, does not exist in namespace {model.Metadata.NamespaceProperty}. "
        + "Create it, or correct the name; nothing else is needed then.",
        RejectsSpec: false);

    private static V1ServiceAccount ServiceAccount(ModelDeployment model, ChildNames names) => new()
    {
        ApiVersion = "v1",
        Kind = "ServiceAccount",
        Metadata = ChildMetadata.For(model, names.ServiceAccount, names),
        AutomountServiceAccountToken = false,
    };

    private static V1Service Service(ModelDeployment model, ChildNames names) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = ChildMetadata.For(model, names.Service, names),
        Spec = new() { Type = "ClusterIP", Selector = SelectorLabels(names), Ports = [GrpcPort()] },
    };

    // A client of its own balancing needs the pods' addresses: through the other Service, an HTTP/2 connection stays on one pod.
    private static V1Service HeadlessService(ModelDeployment model, ChildNames names) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = ChildMetadata.For(model, names.HeadlessService, names),
        Spec = new() { Type = "ClusterIP", ClusterIP = "None", Selector = SelectorLabels(names), Ports = [GrpcPort()] },
    };

    private static V1ServicePort GrpcPort() => new()
    {
        Name = WorkerContract.GrpcPortName,
        Port = WorkerContract.GrpcPort,
        TargetPort = WorkerContract.GrpcPortName,
        Protocol = "TCP",
        AppProtocol = "kubernetes.io/h2c",
    };

    private static V1Deployment Deployment(ModelDeployment model, ChildNames names, WorkerSettings settings) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "Deployment",
        Metadata = ChildMetadata.For(model, names.Deployment, names),
        Spec = new()
        {
            Replicas = model.Spec.Replicas,
            Selector = new() { MatchLabels = SelectorLabels(names) },
            Strategy = new() { Type = "RollingUpdate", RollingUpdate = new() { MaxSurge = 1, MaxUnavailable = 0 } },
            ProgressDeadlineSeconds = ProgressDeadlineSeconds,
            RevisionHistoryLimit = RevisionHistoryLimit,
            Template = WorkerPodTemplate.For(model, names, settings),
        },
    };

    private static Dictionary<string, string> SelectorLabels(ChildNames names) => new(StringComparer.Ordinal) { [Labels.Model] = names.ModelLabel };
}
