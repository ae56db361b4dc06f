using FleetOps.ControllerRuntime.Hosting;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>Two copies of one program on a real API server.</summary>
[Collection(nameof(TwinHost))]
public sealed class StandbyTests(RealApi real)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_standby_keeps_its_stores_warm_and_writes_nothing_until_it_takes_over_a_lease_given_back()
    {
        var ns = await real.NewNamespaceAsync();
        var first = await TwinHost.StartAsync(real, ns, configure: LastsLong);
        await using var second = await TwinHost.StartAsync(real, ns, waitForLeadership: false, configure: LastsLong);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), Token);
        await first.ChildIsAsync("parent-child", "1");
        await second.ChildIsAsync("parent-child", "1");
        Assert.NotNull(second.Store.Get(new(ns, "parent")));
        Assert.Equal("ok\n", await second.GetAsync("/readyz"));
        var child = new ObjectKey(ns, "parent-child");
        var deleted = (await real.Api.GetAsync(BuiltInTypes.ServiceAccounts, child, Token)).Metadata.Uid;
        await real.Api.DeleteAsync(BuiltInTypes.ServiceAccounts, child, null, Token);
        await second.ChildIsAnotherAsync("parent-child", than: deleted);
        Assert.Empty(second.Controller.Reconciled);
        Assert.Empty(second.Writes);

        await first.DisposeAsync();
        await Eventually.TrueAsync(() => second.Controller.Reconciled.Contains("parent"), "the second works");
        Assert.Equal(0, second.Controller.Writes);
    }

    [Fact]
    public async Task What_changed_while_nobody_led_is_done_by_the_next_leader()
    {
        var ns = await real.NewNamespaceAsync();
        var first = await TwinHost.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "gone"), Token);
        await first.ChildIsAsync("parent-child", "1");
        await first.DisposeAsync();
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "2"), Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "made"), Token);
        await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, new ObjectKey(ns, "gone"), null, Token);

        await using var second = await TwinHost.StartAsync(real, ns);

        await second.ChildIsAsync("parent-child", "2");
        await second.ChildIsAsync("made-child", "1");
        Assert.DoesNotContain("gone", second.Controller.Reconciled);
    }

    // So that a lease is taken over in the time of a test only when it was given back.
    private static void LastsLong(ControllerRuntimeOptions options) => options.LeaseDuration = TimeSpan.FromMinutes(10);
}
