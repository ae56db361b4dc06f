using System.Collections.Concurrent;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>The whole runtime on a real API server: a controller that keeps a Secret-like twin for each labelled ConfigMap.</summary>
public sealed class ControllerHostTests(RealApi real)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_child_is_made_kept_as_planned_and_made_again()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await Host.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "1"), Token);
        await host.ChildIsAsync("parent-child", "1");

        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent", "2"), Token);
        await host.ChildIsAsync("parent-child", "2");
        await real.Api.MergePatchAsync(BuiltInTypes.ServiceAccounts, new ObjectKey(ns, "parent-child"), """{"metadata":{"annotations":{"value":"edited"}}}"""u8.ToArray(), null, Token);
        await host.ChildIsAsync("parent-child", "2");
        await real.Api.DeleteAsync(BuiltInTypes.ServiceAccounts, new ObjectKey(ns, "parent-child"), null, Token);
        await host.ChildIsAsync("parent-child", "2");
    }

    [Fact]
    public async Task A_restart_writes_nothing_when_all_is_as_planned()
    {
        var ns = await real.NewNamespaceAsync();
        await using (var first = await Host.StartAsync(real, ns))
        {
            await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), Token);
            await first.ChildIsAsync("parent-child", "1");
        }

        await using var second = await Host.StartAsync(real, ns);
        await Eventually.TrueAsync(() => second.Controller.Reconciled.Contains("parent"), "the object is looked at");

        Assert.Equal(0, second.Controller.Writes);
    }

    [Fact]
    public async Task Failures_are_retried_until_they_pass_and_terminal_ones_wait_for_a_change()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await Host.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "throws", "throw 3"), Token);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "refused", "terminal"), Token);

        await host.ChildIsAsync("throws-child", "throw 3");
        Assert.True(host.Controller.Reconciled.Count(name => name == "throws") >= 4);
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
        await using var host = await Host.StartAsync(real, ns);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "again", "requeue"), Token);
        await Eventually.TrueAsync(() => host.Controller.Reconciled.Count(name => name == "again") >= 3, "the object is looked at again and again");

        await real.Api.DeleteAsync(BuiltInTypes.ConfigMaps, new ObjectKey(ns, "again"), null, Token);

        await Eventually.TrueAsync(() => host.Controller.Deleted.Contains("again"), "the deletion is told");
    }

    [Fact]
    public async Task Probes_and_metrics_are_served_under_the_names_that_dashboards_know()
    {
        var ns = await real.NewNamespaceAsync();
        await using var host = await Host.StartAsync(real, ns);

        Assert.Equal("ok\n", await host.GetAsync("/healthz"));
        Assert.Equal("ok\n", await host.GetAsync("/readyz"));
        var metrics = await host.GetAsync("/metrics");
        string[] names =
        [
            "controller_runtime_reconcile_total", "controller_runtime_reconcile_errors_total", "controller_runtime_terminal_reconcile_errors_total",
            "controller_runtime_reconcile_panics_total", "controller_runtime_reconcile_timeouts_total", "controller_runtime_max_concurrent_reconciles",
            "controller_runtime_active_workers", "workqueue_depth", "workqueue_adds_total", "workqueue_retries_total", "workqueue_unfinished_work_seconds",
            "workqueue_longest_running_processor_seconds", "rest_client_requests_total", "rest_client_request_duration_seconds_bucket",
            "leader_election_master_status", "leader_election_slowpath_total",
        ];
        Assert.All(names, name => Assert.Contains($"\n{name}{{", metrics, StringComparison.Ordinal));
        foreach (var result in new[] { "success", "error", "requeue", "requeue_after" })
        {
            Assert.Contains($"result=\"{result}\"", metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Of_two_copies_one_works_and_the_other_takes_over_with_warm_stores()
    {
        var ns = await real.NewNamespaceAsync();
        var first = await Host.StartAsync(real, ns);
        await Eventually.TrueAsync(() => first.Election.IsLeader, "the first leads");
        await using var second = await Host.StartAsync(real, ns, waitForLeadership: false);
        await real.Api.ApplyAsync(BuiltInTypes.ConfigMaps, Examples.ConfigMap(ns, "parent"), Token);
        await first.ChildIsAsync("parent-child", "1");
        await Eventually.TrueAsync(() => second.Store.Count == 1, "the standby's store is warm");
        Assert.Empty(second.Controller.Reconciled);

        await first.DisposeAsync();
        var stopped = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(() => second.Controller.Reconciled.Contains("parent"), "the second works");

        Assert.True(TimeProvider.System.GetElapsedTime(stopped) < TimeSpan.FromSeconds(5));
        Assert.Equal(0, second.Controller.Writes);
    }

    [Fact]
    public async Task Stopping_lets_a_running_reconcile_end_before_the_lease_is_given_back()
    {
        var ns = await real.NewNamespaceAsync();
        var host = await Host.StartAsync(real, ns);
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

    private sealed class Host : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly string _namespace;
        private readonly HttpClient _http = new();
        private bool _disposed;

        private Host(WebApplication app, string ns)
        {
            _app = app;
            _namespace = ns;
        }

        public TwinController Controller => (TwinController)_app.Services.GetRequiredService<IEntityController<V1ConfigMap>>();

        public ControllerRuntime.Leadership.LeaderElection Election => _app.Services.GetRequiredService<ControllerRuntime.Leadership.LeaderElection>();

        public IStore<V1ConfigMap> Store => _app.Services.GetRequiredService<IStore<V1ConfigMap>>();

        public static async Task<Host> StartAsync(RealApi real, string ns, bool waitForLeadership = true)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSingleton(KubeConnection.Open(real.Server.CreateConfiguration()));
            builder.Services
                .AddControllerRuntime(options =>
                {
                    options.DefaultScope = new WatchScope { Namespace = ns };
                    options.LeaseNamespace = ns;
                    options.RetryPeriod = TimeSpan.FromSeconds(0.3);
                })
                .AddController<V1ConfigMap, TwinController>(BuiltInTypes.ConfigMaps, controller => controller.Owns(BuiltInTypes.ServiceAccounts).WithWorkers(2));
            var app = builder.Build();
            app.MapControllerRuntime();
            await app.StartAsync(Token);
            var host = new Host(app, ns);
            var health = app.Services.GetRequiredService<RuntimeHealth>();
            await Eventually.TrueAsync(() => health.ReadinessProblems().Count == 0, "the host is ready", problem: () => string.Join(';', health.ReadinessProblems()));
            if (waitForLeadership)
            {
                await Eventually.TrueAsync(() => host.Election.IsLeader, "the host leads");
            }

            return host;
        }

        public Task<string> GetAsync(string path) => _http.GetStringAsync(new Uri(_app.Urls.First() + path), Token);

        public Task ChildIsAsync(string name, string value)
        {
            var children = _app.Services.GetRequiredService<IStore<V1ServiceAccount>>();
            return Eventually.TrueAsync(() => children.Get(new ObjectKey(_namespace, name))?.Metadata.Annotations?["value"] == value, $"{name} is {value}");
        }

        public async ValueTask DisposeAsync()
        {
            if (!_disposed)
            {
                _disposed = true;
                _http.Dispose();
                await _app.StopAsync(CancellationToken.None);
                await _app.DisposeAsync();
            }
        }
    }

#pragma warning disable CA1812 // Made by dependency injection.
    private sealed class TwinController(Applier applier, IStore<V1ServiceAccount> children) : IEntityController<V1ConfigMap>
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
            var result = await applier.ApplyAsync(BuiltInTypes.ServiceAccounts, desired, children.Get(ObjectKey.Of(desired)), cancellationToken);
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
}
