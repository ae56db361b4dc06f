using FleetOps.Api;
using FleetOps.Operator.ModelCaches.Plan;
using FleetOps.Operator.ModelDeployments.Plan;
using FleetOps.Operator.Tests.ModelCaches;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

/// <summary>What opens the registry of the images that the installation chose is its own to say.</summary>
public sealed class PullSecretTests
{
    private static readonly WorkerSettings Mirrored = Given.Settings with { ImagePullSecrets = ["mirror", "registry"] };

    [Fact]
    public void Workers_and_fetching_Jobs_get_the_secrets_of_the_installation()
    {
        var cache = CachePlanner.Plan(new() { Cache = GivenCache.Cache() }, Mirrored);

        Assert.Equal(["mirror", "registry"], SecretsOf(null, Mirrored));
        Assert.Equal(["mirror", "registry"], Names(Assert.Single(cache.Create).Spec.Template.Spec));
    }

    [Fact]
    public void Those_of_a_model_come_before_and_none_twice() =>
        Assert.Equal(["registry", "mirror"], SecretsOf(new() { ImagePullSecrets = [new() { Name = "registry" }] }, Mirrored));

    [Fact]
    public void An_image_that_the_model_chose_is_opened_by_its_own_alone() =>
        Assert.Equal(["own"], SecretsOf(new() { Image = "example.com/worker:1", ImagePullSecrets = [new() { Name = "own" }] }, Mirrored));

    [Fact]
    public void Without_any_the_pod_names_none() => Assert.Null(PodOf(null, Given.Settings).ImagePullSecrets);

    private static V1PodSpec PodOf(WorkerPodSpec? pod, WorkerSettings settings) => Planner
        .Plan(new() { Model = Given.Model(spec: new() { Model = new() { Source = "pvc://models/f.gguf" }, Pod = pod }) }, settings)
        .Deployment!.Spec.Template.Spec;

    private static string[] SecretsOf(WorkerPodSpec? pod, WorkerSettings settings) => Names(PodOf(pod, settings));

    private static string[] Names(V1PodSpec pod) => [.. pod.ImagePullSecrets.Select(secret => secret.Name)];
}
