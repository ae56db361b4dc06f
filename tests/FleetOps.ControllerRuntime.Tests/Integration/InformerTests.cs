using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.TestCluster;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace FleetOps.ControllerRuntime.Tests.Integration;

public sealed class InformerTests(RealApi real)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_holds_what_was_there_and_follows_what_happens()
    {
        var ns = await real.NewNamespaceAsync();
        await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "before"), Token);
        await using var running = Start(real.Api, new WatchScope { Namespace = ns });
        var (informer, changes) = (running.Informer, running.Changes);
        await running.SyncedAsync();
        Assert.Equal("1", informer.Store.Get(new ObjectKey(ns, "before"))!.Data["key"]);

        await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "new"), Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "before", "2"), Token);
        await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, new ObjectKey(ns, "new"), null, Token);

        await Eventually.TrueAsync(() => changes.Told.Count == 4, "all four changes are told");
        Assert.Equal(["Added before", "Added new", "Modified before", "Deleted new"], changes.Told);
        Assert.Equal("2", informer.Store.Get(new ObjectKey(ns, "before"))!.Data["key"]);
        Assert.Null(informer.Store.Get(new ObjectKey(ns, "new")));
        Assert.Equal(1, informer.Lists);
        Assert.Null(informer.Problem);
    }

    [Fact]
    public async Task Objects_are_kept_without_managed_fields_and_with_their_kind()
    {
        var ns = await real.NewNamespaceAsync();
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "c"), Token);
        await using var running = Start(real.Api, new WatchScope { Namespace = ns });

        await running.SyncedAsync();

        var held = running.Informer.Store.Get(new ObjectKey(ns, "c"))!;
        Assert.Null(held.Metadata.ManagedFields);
        Assert.Equal(("v1", "ConfigMap"), (held.ApiVersion, held.Kind));
    }

    [Fact]
    public async Task Collections_larger_than_a_page_are_read_whole()
    {
        var ns = await real.NewNamespaceAsync();
        await Task.WhenAll(Enumerable.Range(0, 23).Select(i => real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, $"c{i}"), Token)));
        var lister = new Lister<V1ConfigMap>(real.Api, BuiltInTypes.ConfigMaps, new WatchScope { Namespace = ns }, pageSize: 5);

        var list = await lister.ListAsync(Token);

        Assert.Equal(23, list.Objects.Count);
        Assert.Empty(list.Unreadable);
    }

    [Fact]
    public async Task A_label_selector_keeps_others_out_and_losing_the_label_is_a_deletion()
    {
        var ns = await real.NewNamespaceAsync();
        var wanted = Examples.ConfigMap(ns, "wanted");
        wanted.Metadata.Labels = new Dictionary<string, string> { ["keep"] = "yes" };
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, wanted, Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "other"), Token);
        await using var running = Start(real.Api, new WatchScope { Namespace = ns, LabelSelector = "keep=yes" });
        await running.SyncedAsync();
        Assert.Equal(["wanted"], running.Informer.Store.List().Select(map => map.Metadata.Name));

        wanted.Metadata.Labels = null;
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, wanted, Token);

        await Eventually.TrueAsync(() => running.Changes.Told.Count == 2, "the deletion is told");
        Assert.Equal(["Added wanted", "Deleted wanted"], running.Changes.Told);
        Assert.Equal(0, running.Informer.Store.Count);
    }

    [Fact]
    public async Task Children_are_found_by_owner_and_objects_by_custom_index()
    {
        var ns = await real.NewNamespaceAsync();
        var owner = await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "owner"), Token);
        var child = Examples.ConfigMap(ns, "child", "blue");
        child.Metadata.OwnerReferences = [ControllerRuntime.Reconciling.Owners.ControllerReference(BuiltInTypes.ConfigMaps, owner)];
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, child, Token);
        await using var running = Start(real.Api, new WatchScope { Namespace = ns }, informer => informer.AddIndex("value", map => map.Data.Values));
        await running.SyncedAsync();
        var store = running.Informer.Store;

        Assert.Equal(["child"], store.ByOwner(owner.Metadata.Uid).Select(map => map.Metadata.Name));
        Assert.Equal(["child"], store.ByIndex("value", "blue").Select(map => map.Metadata.Name));
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "child", "green"), Token);

        await Eventually.TrueAsync(() => store.ByIndex("value", "green").Count == 1, "the index follows");
        Assert.Empty(store.ByIndex("value", "blue"));
        Assert.Empty(store.ByOwner(owner.Metadata.Uid));
    }

    [Fact]
    public async Task A_watch_that_ends_by_its_own_time_limit_is_resumed_without_a_new_list()
    {
        var ns = await real.NewNamespaceAsync();
        await using var running = Start(real.Api, new WatchScope { Namespace = ns }, options: new InformerOptions { MinWatchDuration = TimeSpan.FromSeconds(1), MaxWatchDuration = TimeSpan.FromSeconds(1) });
        await running.SyncedAsync();

        for (var i = 0; i < 30; i++)
        {
            await real.Api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, $"c{i}"), Token);
            await Task.Delay(100, Token);
        }

        await Eventually.TrueAsync(() => running.Informer.Store.Count == 30, "all objects have arrived");
        await Eventually.TrueAsync(() => running.Changes.Told.Count >= 30, "all objects are told");
        Assert.Equal(30, running.Changes.Told.Count);
        Assert.Empty(running.Changes.Contradictions);
        Assert.Equal(1, running.Informer.Lists);
    }

    [Fact]
    public async Task Nothing_is_missed_or_doubled_when_the_server_is_killed_and_started_again()
    {
        _ = real.Server;
        await using var server = await ApiServer.StartAsync(cancellationToken: Token);
        var api = real.Open(server);
        var ns = await real.NewNamespaceAsync(api);
        await api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "stays"), Token);
        await api.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "goes"), Token);
        await using var running = Start(api, new WatchScope { Namespace = ns });
        await running.SyncedAsync();

        await server.KillServerAsync();
        await Eventually.TrueAsync(() => running.Informer.Problem is not null, "the informer says that it is cut off");
        await server.StartServerAsync(Token);
        var other = real.Open(server);
        await other.DeleteAsync(BuiltInTypes.ConfigMaps, new ObjectKey(ns, "goes"), null, Token);
        await other.CreateAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "comes"), Token);

        await Eventually.TrueAsync(() => running.Informer.Store.Get(new ObjectKey(ns, "comes")) is not null, "the new object arrives");
        await Eventually.TrueAsync(() => running.Informer.Store.Get(new ObjectKey(ns, "goes")) is null, "the deleted object goes");
        await Eventually.TrueAsync(() => running.Changes.Told.Count >= 4, "all changes are told");
        Assert.Equal(["Added comes", "Added goes", "Added stays", "Deleted goes"], running.Changes.Told.Order(StringComparer.Ordinal));
        Assert.Empty(running.Changes.Contradictions);
        await Eventually.TrueAsync(() => running.Informer.Problem is null, "the informer is well again");
    }

    [Fact]
    public async Task A_kind_that_is_not_there_is_waited_for_and_named()
    {
        var absent = new ResourceType<V1ConfigMap>("nobody.example.org", "v1", "nothings", "Nothing", BuiltInTypes.ConfigMaps.Json);
        var registry = new InformerRegistry(real.Api, TimeProvider.System, NullLoggerFactory.Instance);
        var required = registry.Get(absent);
        var optional = registry.Get(absent, new WatchScope { Namespace = "default" }, new InformerOptions { Optional = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var runs = Task.WhenAll(required.RunAsync(stop.Token), optional.RunAsync(stop.Token));
        await Eventually.TrueAsync(() => optional.HasSynced, "the optional kind counts as empty");
        await Eventually.TrueAsync(() => required.Problem?.Contains("does not know nothings.nobody.example.org", StringComparison.Ordinal) == true, "the problem names the kind");

        Assert.False(required.HasSynced);
        Assert.Equal(0, optional.Store.Count);
        await stop.CancelAsync();
        await runs;
    }

    [Fact]
    public async Task The_newest_server_is_asked_for_a_streaming_list_and_for_pages_where_its_etcd_cannot()
    {
        await using var crds = await TryStartCrdServerAsync();
        var requests = new RequestLog(crds.CreateConfiguration());
        await using var running = Start(BuiltIn.Definitions, requests.Api, WatchScope.All);

        await running.SyncedAsync();
        await requests.Api.CreateAsync(BuiltIn.Definitions, BuiltIn.Definition("things", "Thing"), Token);

        await Eventually.TrueAsync(() => running.Informer.Store.Count == 1, "the definition arrives");
        Assert.Contains(requests.Paths, path => path.Contains("sendInitialEvents=true", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_of_before_streaming_lists_is_asked_for_pages()
    {
        var (_, minor) = await real.Api.GetServerVersionAsync(Token);
        Assert.SkipWhen(minor >= 27, "This API server knows streaming lists.");
        var requests = new RequestLog(real.Server.CreateConfiguration());
        var ns = await real.NewNamespaceAsync();
        await using var running = Start(requests.Api, new WatchScope { Namespace = ns });

        await running.SyncedAsync();

        Assert.DoesNotContain(requests.Paths, path => path.Contains("sendInitialEvents", StringComparison.Ordinal));
        Assert.Contains(requests.Paths, path => path.Contains("limit=500", StringComparison.Ordinal));
    }

    private static RunningInformer<V1ConfigMap> Start(KubeApi api, WatchScope scope, Action<Informer<V1ConfigMap>>? prepare = null, InformerOptions? options = null) =>
        Start(BuiltInTypes.ConfigMaps, api, scope, prepare, options);

    private static RunningInformer<T> Start<T>(ResourceType<T> type, KubeApi api, WatchScope scope, Action<Informer<T>>? prepare = null, InformerOptions? options = null)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        var registry = new InformerRegistry(api, TimeProvider.System, NullLoggerFactory.Instance);
        var informer = registry.Get(type, scope, options);
        prepare?.Invoke(informer);
        return new RunningInformer<T>(informer);
    }

    private async Task<CrdServer> TryStartCrdServerAsync()
    {
        try
        {
            return await CrdServer.StartAsync(real.Server, Token);
        }
        catch (ToolUnavailableException e)
        {
            Assert.Skip(e.Message);
            throw;
        }
    }
}
