using System.Globalization;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Reconciling;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.ControllerRuntime.Tests.Integration;

/// <summary>A host of the whole runtime with a <see cref="TwinController"/>.</summary>
internal sealed class TwinHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _namespace;
    private readonly WriteLog _log;
    private readonly HttpClient _http = new();
    private bool _disposed;

    private TwinHost(WebApplication app, string ns, WriteLog log)
    {
        _app = app;
        _log = log;
        _namespace = ns;
    }

    public TwinController Controller => (TwinController)_app.Services.GetRequiredService<IEntityController<V1ConfigMap>>();

    /// <summary>A service of the host.</summary>
    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public LeaderElection Election => _app.Services.GetRequiredService<LeaderElection>();

    public IStore<V1ConfigMap> Store => _app.Services.GetRequiredService<IStore<V1ConfigMap>>();

    /// <summary>What it logged.</summary>
    public IReadOnlyList<FakeLogRecord> Logs => _app.Services.GetFakeLogCollector().GetSnapshot();

    /// <summary>Requests of this host that change something, those of the election left out.</summary>
    public IReadOnlyList<string> Writes => _log.Writes;

    public static async Task<TwinHost> StartAsync(RealApi real, string ns, bool waitForLeadership = true, Action<ControllerRuntimeOptions>? configure = null)
    {
        var log = new WriteLog();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddFakeLogging();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(KubeConnection.Open(real.Server.CreateConfiguration(), null, log));
        builder.Services
            .AddControllerRuntime(options =>
            {
                options.DefaultScope = new WatchScope { Namespace = ns };
                options.LeaseNamespace = ns;
                options.RetryPeriod = TimeSpan.FromSeconds(0.3);
                configure?.Invoke(options);
            })
            .AddController<V1ConfigMap, TwinController>(BuiltInTypes.ConfigMaps, controller => controller.Owns(BuiltInTypes.ServiceAccounts.AsObserved()).WithWorkers(2))
            .AddInformer(BuiltInTypes.ServiceAccounts);
        var app = builder.Build();
        app.MapControllerRuntime();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var host = new TwinHost(app, ns, log);
        var health = app.Services.GetRequiredService<RuntimeHealth>();
        await Eventually.TrueAsync(() => health.ReadinessProblems().Count == 0, "the host is ready", problem: () => string.Join(';', health.ReadinessProblems()));
        if (waitForLeadership)
        {
            await Eventually.TrueAsync(() => host.Election.IsLeader, "the host leads");
        }

        return host;
    }

    public Task<string> GetAsync(string path) => _http.GetStringAsync(new Uri(_app.Urls.First() + path), TestContext.Current.CancellationToken);

    /// <summary>Waits until the watch has told of a value, in a later version than one that is known.</summary>
    public Task ChildIsAsync(string name, string value, V1ServiceAccount? after = null) => Eventually.TrueAsync(
        () => Child(name) is { } child && child.Metadata.Annotations?["value"] == value && (after is null || Version(child) > Version(after)),
        $"{name} is {value}");

    /// <summary>Waits until the watch has told of a child of the name that has another UID.</summary>
    public Task ChildIsAnotherAsync(string name, string than) =>
        Eventually.TrueAsync(() => Child(name) is { } child && child.Metadata.Uid != than, $"{name} is another than {than}");

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

    private static ulong Version(V1ServiceAccount child) => ulong.Parse(child.Metadata.ResourceVersion, CultureInfo.InvariantCulture);

    private V1ServiceAccount? Child(string name) => _app.Services.GetRequiredService<IStore<V1ServiceAccount>>().Get(new ObjectKey(_namespace, name));
}
