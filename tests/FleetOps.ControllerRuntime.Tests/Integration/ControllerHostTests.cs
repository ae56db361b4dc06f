namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>The whole runtime on a real API server: a controller that keeps a Secret-like twin for each labelled ConfigMap.</summary>
[Collection(nameof(TwinHost))]
public sealed class ControllerHostTests(RealApi real)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_child_is_made_kept_as_planned_and_made_again()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "1"), Token);
        await host.ChildIsAsync("parent-child", "1");

        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "2"), Token);
        await host.ChildIsAsync("parent-child", "2");
        var edited = await real.Api.MergePatchAsync(BuiltInTypes.ServiceAccounts, new ObjectKey(ns, "parent-child"), """{"metadata":{"annotations":{"value":"edited"}}}"""u8.ToArray(), null, Token);
        await host.ChildIsAsync("parent-child", "2", after: edited);
        await real.Api.DeleteAsync(BuiltInTypes.ServiceAccounts, new ObjectKey(ns, "parent-child"), null, Token);
        await host.ChildIsAnotherAsync("parent-child", than: edited.Metadata.Uid);
        await host.ChildIsAsync("parent-child", "2");
    }

    [Fact]
    public async Task A_restart_writes_nothing_when_all_is_as_planned()
    {
        var ns = await real.NewNamespaceAsync();
        await using (var first = await TwinHost.StartAsync(real, ns))
        {
            await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), Token);
            await first.ChildIsAsync("parent-child", "1");
        }

        await using var second = await TwinHost.StartAsync(real, ns);
        await Eventually.TrueAsync(() => second.Controller.Reconciled.Contains("parent"), "the object is looked at");

        Assert.Equal(0, second.Controller.Writes);
    }

    [Fact]
    public async Task Failures_are_retried_until_they_pass_and_terminal_ones_wait_for_a_change()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "throws", "throw 3"), Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "refused", "terminal"), Token);

        await host.ChildIsAsync("throws-child", "throw 3");
        Assert.True(host.Controller.Reconciled.Count(name => name == "throws") >= 4);
        await Eventually.TrueAsync(() => host.Controller.Reconciled.Contains("refused"), "the terminal failure has happened");
        Assert.Equal(1, host.Controller.Reconciled.Count(name => name == "refused"));
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "refused", "5"), Token);

        await host.ChildIsAsync("refused-child", "5");
        var metrics = await host.GetAsync("/metrics");
        Assert.Contains("controller_runtime_terminal_reconcile_errors_total{", metrics, StringComparison.Ordinal);
        Assert.Matches("""controller_runtime_reconcile_errors_total\{[^}]*controller="configmap"[^}]*\} 4\b""", metrics);
    }

    [Fact]
    public async Task A_deleted_object_is_told_and_a_requeue_comes_by_itself()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "again", "requeue"), Token);
        await Eventually.TrueAsync(() => host.Controller.Reconciled.Count(name => name == "again") >= 3, "the object is looked at again and again");

        await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, new ObjectKey(ns, "again"), null, Token);

        await Eventually.TrueAsync(() => host.Controller.Deleted.Contains("again"), "the deletion is told");
    }

    [Fact]
    public async Task Stopping_lets_a_running_reconcile_end_before_the_lease_is_given_back()
    {
        var ns = await real.NewNamespaceAsync();
        var host = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "slow", "slow"), Token);
        await Eventually.TrueAsync(() => host.Controller.Reconciled.Contains("slow"), "the slow reconcile has begun");

        var stopping = host.DisposeAsync().AsTask();
        await Task.Delay(300, Token);
        var held = await real.Api.GetAsync(BuiltInTypes.Leases, new ObjectKey(ns, "fleetops-operator"), Token);
        host.Controller.SlowMayEnd.SetResult();
        await stopping;
        var released = await real.Api.GetAsync(BuiltInTypes.Leases, new ObjectKey(ns, "fleetops-operator"), Token);

        Assert.NotEmpty(held.Spec.HolderIdentity);
        Assert.Equal("", released.Spec.HolderIdentity);
        Assert.Equal("slow-child", (await real.Api.GetAsync(BuiltInTypes.ServiceAccounts, new ObjectKey(ns, "slow-child"), Token)).Metadata.Name);
    }
}
