using System.Text;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.ControllerRuntime.Tests.Integration;

public sealed class ApplierTests(RealApi real)
{
    private const ObservedObject? NotThere = null;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_object_is_created_once_and_never_written_again_though_the_server_defaults_its_fields()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();

        var created = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var observed = await real.Api.GetAsync(BuiltInTypes.Deployments.AsObserved(), new ObjectKey(ns, "d"), Token);
        var again = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), observed, Token);

        Assert.True(created.Written);
        Assert.False(again.Written, again.FirstDifference);
    }

    [Fact]
    public async Task After_a_restart_of_the_program_nothing_is_written_either()
    {
        var ns = await real.NewNamespaceAsync();
        var desired = Examples.Deployment(ns, "d");
        // A value that the server drops is the one thing that must be learnt again.
        desired.Spec.Template.Spec.Containers[0].Env[1].Value = null;
        await new Applier(real.Api).ApplyAsync(BuiltInTypes.Deployments, desired, NotThere, Token);
        await new Applier(real.Api).ApplyAsync(BuiltInTypes.Services, Examples.Service(ns, "s"), NotThere, Token);

        var restarted = new Applier(real.Api);
        var deployment = await real.Api.GetAsync(BuiltInTypes.Deployments.AsObserved(), new ObjectKey(ns, "d"), Token);
        var service = await real.Api.GetAsync(BuiltInTypes.Services.AsObserved(), new ObjectKey(ns, "s"), Token);
        var first = await restarted.ApplyAsync(BuiltInTypes.Deployments, desired, deployment, Token);
        var second = await restarted.ApplyAsync(BuiltInTypes.Services, Examples.Service(ns, "s"), service, Token);

        Assert.False(first.Written, first.FirstDifference);
        Assert.False(second.Written, second.FirstDifference);
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":3}}""", "spec.replicas")]
    [InlineData("""{"metadata":{"labels":{"app":null}}}""", "metadata.labels")]
    [InlineData("""{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":5}}}}""", "spec.template.spec.terminationGracePeriodSeconds")]
    [InlineData("""{"spec":{"template":{"spec":{"securityContext":{"runAsNonRoot":null}}}}}""", "spec.template.spec.securityContext.runAsNonRoot")]
    [InlineData("""{"spec":{"strategy":{"rollingUpdate":{"maxSurge":"50%"}}}}""", "spec.strategy.rollingUpdate.maxSurge")]
    [InlineData("""{"metadata":{"annotations":{"fleetops.dev/applied-intent":null}}}""", "metadata.annotations")]
    public async Task An_edit_of_a_stated_field_is_noticed_and_undone(string edit, string path)
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var edited = await real.Api.MergePatchAsync(BuiltInTypes.Deployments.AsObserved(), new ObjectKey(ns, "d"), Encoding.UTF8.GetBytes(edit), null, Token);

        var undone = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), edited, Token);
        var after = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), undone.Entity, Token);

        Assert.True(undone.Written);
        Assert.Equal(path, undone.FirstDifference);
        Assert.False(after.Written, after.FirstDifference);
    }

    [Fact]
    public async Task Fields_of_others_are_left_alone_and_cause_no_write()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var edited = await real.Api.MergePatchAsync(
            BuiltInTypes.Deployments.AsObserved(),
            new ObjectKey(ns, "d"),
            """{"metadata":{"labels":{"team":"chat"}},"spec":{"template":{"metadata":{"annotations":{"restarted":"now"}},"spec":{"nodeSelector":{"zone":"a"}}}}}"""u8.ToArray(),
            null,
            Token);

        var result = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), edited, Token);

        Assert.False(result.Written, result.FirstDifference);
        Assert.Equal("chat", (await real.Api.GetAsync(BuiltInTypes.Deployments, new ObjectKey(ns, "d"), Token)).Metadata.Labels["team"]);
    }

    [Fact]
    public async Task A_field_that_is_no_longer_wanted_is_taken_away()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        var first = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var desired = Examples.Deployment(ns, "d");
        desired.Spec.Template.Spec.Containers[0].Env.RemoveAt(0);
        desired.Spec.Template.Spec.Volumes.RemoveAt(1);
        desired.Spec.Template.Spec.Containers[0].VolumeMounts.RemoveAt(1);

        var second = await applier.ApplyAsync(BuiltInTypes.Deployments, desired, first.Entity, Token);

        Assert.True(second.Written);
        var left = await real.Api.GetAsync(BuiltInTypes.Deployments, new ObjectKey(ns, "d"), Token);
        Assert.Equal(["EMPTY"], left.Spec.Template.Spec.Containers[0].Env.Select(variable => variable.Name));
        Assert.Equal(["models"], left.Spec.Template.Spec.Volumes.Select(volume => volume.Name));
    }

    [Fact]
    public async Task A_reconcile_before_the_watch_has_told_a_write_does_not_write_again()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        // Never run: its watch tells nothing.
        var store = new InformerRegistry(real.Api, TimeProvider.System, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps.AsObserved()).Store;

        var created = await applier.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c", "1"), store, Token);
        var again = await applier.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c", "1"), store, Token);
        var changed = await applier.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c", "2"), store, Token);
        var changedAgain = await applier.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c", "2"), store, Token);

        Assert.True(created.Written);
        Assert.False(again.Written, again.FirstDifference);
        Assert.True(changed.Written);
        Assert.False(changedAgain.Written, changedAgain.FirstDifference);
    }

    [Fact]
    public async Task An_object_that_is_deleted_right_after_it_was_made_is_made_again()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        var informer = new InformerRegistry(real.Api, TimeProvider.System, NullLoggerFactory.Instance).Get(BuiltInTypes.ConfigMaps.AsObserved(), new WatchScope { Namespace = ns });
        await using var running = new RunningInformer<ObservedObject>(informer);
        await running.SyncedAsync();
        var key = new ObjectKey(ns, "c");

        for (var i = 0; i < 20; i++)
        {
            var made = await applier.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c", "1"), informer.Store, Token);
            Assert.True(made.Written);
            await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, key, null, Token);
            await Eventually.TrueAsync(() => informer.Store.Get(key) is null, "the store knows that it is gone");
        }
    }

    [Fact]
    public async Task A_compared_object_is_kept_as_a_digest_and_still_tells_a_difference()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var observed = await real.Api.GetAsync(BuiltInTypes.Deployments.AsObserved(), new ObjectKey(ns, "d"), Token);
        using (var content = observed.Content())
        {
            Assert.NotNull(content);
        }

        var same = await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), observed, Token);

        Assert.False(same.Written, same.FirstDifference);
        Assert.Null(observed.Content());
        Assert.False((await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), observed, Token)).Written);
        var other = Examples.Deployment(ns, "d");
        other.Spec.Template.Spec.TerminationGracePeriodSeconds = 77;
        Assert.True((await applier.ApplyAsync(BuiltInTypes.Deployments, other, observed, Token)).Written);
    }

    [Fact]
    public async Task Applying_the_same_again_does_not_change_the_version_on_the_server()
    {
        var ns = await real.NewNamespaceAsync();
        var first = await real.Api.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), Token);

        var second = await real.Api.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), Token);

        Assert.Equal(first.Metadata.ResourceVersion, second.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task A_status_is_written_on_its_subresource_only_when_it_differs()
    {
        var applier = new Applier(real.Api);
        var ns = await real.NewNamespaceAsync();
        await applier.ApplyAsync(BuiltInTypes.Deployments, Examples.Deployment(ns, "d"), NotThere, Token);
        var observed = await real.Api.GetAsync(BuiltInTypes.Deployments, new ObjectKey(ns, "d"), Token);
        var desired = Examples.Deployment(ns, "d");
        desired.Metadata.Uid = observed.Metadata.Uid;
        desired.Status = new V1DeploymentStatus
        {
            ObservedGeneration = 1,
            Replicas = 2,
            Conditions = [new V1DeploymentCondition { Type = "Available", Status = "True", Reason = "Test", LastTransitionTime = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) }],
        };

        var written = await applier.ApplyStatusAsync(BuiltInTypes.Deployments, desired, observed, Token);
        var again = await applier.ApplyStatusAsync(BuiltInTypes.Deployments, desired, written.Entity, Token);

        Assert.True(written.Written);
        Assert.Equal(2, written.Entity.Status.Replicas);
        Assert.Equal(0, written.Entity.Spec.Replicas);
        Assert.False(again.Written, again.FirstDifference);
        desired.Status.Replicas = null;
        var removed = await applier.ApplyStatusAsync(BuiltInTypes.Deployments, desired, again.Entity, Token);
        Assert.True(removed.Written);
    }

    [Fact]
    public async Task Deleting_with_the_uid_of_a_predecessor_is_refused()
    {
        var ns = await real.NewNamespaceAsync();
        var key = new ObjectKey(ns, "c");
        var predecessor = await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c"), Token);
        Assert.True(await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, key, Preconditions.Exactly(predecessor.Metadata), Token));
        await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c"), Token);

        var refused = await Assert.ThrowsAsync<KubeApiException>(() => real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, key, Preconditions.SameObject(predecessor.Metadata), Token));

        Assert.True(refused.IsConflict);
        Assert.True(await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, key, null, Token));
        Assert.False(await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, key, null, Token));
    }
}
