using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FleetOps.Api;
using FleetOps.Cluster.Tests.Operator;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.Operator;
using FleetOps.Operator.ModelDeployments.Observe;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>The operator as it is shipped, in this process, over whatever connection the test gives it.</summary>
internal sealed class OperatorUnderFaults : IAsyncDisposable
{
    public const string LeaseNamespace = "fleetops-system";

    private const string Total = "controller_runtime_reconcile_total";
    private const string Errors = "controller_runtime_reconcile_errors_total";

    private readonly WebApplication _app;
    private readonly Kubernetes _client;
    private readonly MeterListener _listener = new();
    private readonly WarningLog _warnings;
    private int _reconciles;
    private int _errors;
    private int _busy;

    private OperatorUnderFaults(WebApplication app, Kubernetes client, RequestLog requests, WarningLog warnings)
    {
        _app = app;
        _client = client;
        _warnings = warnings;
        Requests = requests;
        var factory = app.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // Other operators of this process have meters of the same name.
            if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Name is Total or Errors or "workqueue_depth" or "controller_runtime_active_workers")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
            Interlocked.Add(ref instrument.Name == Total ? ref _reconciles : ref instrument.Name == Errors ? ref _errors : ref _busy, (int)count));
        _listener.Start();
    }

    public RequestLog Requests { get; }

    /// <summary>Lines logged as warning or worse.</summary>
    public IReadOnlyCollection<string> Warnings => [.. _warnings.Lines.Select(static line => line.Text)];

    /// <summary>Those of FleetOps itself: a web server warns when its machine stood still.</summary>
    public IReadOnlyCollection<string> OwnWarnings => [.. _warnings.Lines.Where(static line => line.Category.StartsWith("FleetOps.", StringComparison.Ordinal)).Select(static line => line.Text)];

    /// <summary>Reconciles that have ended, and those of them that failed.</summary>
    public (int All, int Failed) Reconciles => (Volatile.Read(ref _reconciles), Volatile.Read(ref _errors));

    /// <summary>Whether nothing waits and nothing is in work. For one thread.</summary>
    public bool IsIdle
    {
        get
        {
            Volatile.Write(ref _busy, 0);
            _listener.RecordObservableInstruments();
            return Volatile.Read(ref _busy) == 0;
        }
    }

    public bool Leads => _app.Services.GetRequiredService<LeaderElection>().IsLeader;

    public IStore<ModelDeployment> Models => _app.Services.GetRequiredService<IStore<ModelDeployment>>();

    /// <summary>What informers are troubled by now.</summary>
    public string Problems => string.Join("; ", _app.Services.GetRequiredService<InformerRegistry>().All.Where(one => one.Problem is not null).Select(one => $"{one.Name}: {one.Problem}"));

    public RuntimeHealth Health => _app.Services.GetRequiredService<RuntimeHealth>();

    /// <param name="connection">How it reaches the API server.</param>
    /// <param name="leaderElect">False for one that believes to lead whatever others do.</param>
    /// <param name="untilReady">Whether to wait until its stores are synced.</param>
    public static async Task<OperatorUnderFaults> StartAsync(KubernetesClientConfiguration connection, bool leaderElect = true, bool untilReady = true)
    {
        var requests = new RequestLog();
        var warnings = new WarningLog();
        var client = KubeConnection.Open(connection, "fleetops-operator", new SecretMetadataOnly(), requests);
        var app = OperatorHost.Build(
            new() { WorkerImage = "worker:test", Namespace = LeaseNamespace, HttpPort = 0, LeaderElect = leaderElect },
            services =>
            {
                services.AddSingleton(client);
                services.AddLogging(logging => logging.ClearProviders().AddProvider(warnings));
            });
        var started = new OperatorUnderFaults(app, client, requests, warnings);
        await app.StartAsync(TestContext.Current.CancellationToken);
        if (untilReady)
        {
            await Support.Eventually.FindAsync("the operator is ready", () => Task.FromResult(started.Health.ReadinessProblems().Count == 0 ? started : null));
        }

        return started;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _listener.Dispose();
        _client.Dispose();
        _warnings.Dispose();
    }

    private sealed class WarningLog : ILoggerProvider
    {
        public ConcurrentQueue<(string Category, string Text)> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => new CategoryLog(categoryName, Lines);

        public void Dispose()
        {
        }
    }

    private sealed class CategoryLog(string category, ConcurrentQueue<(string Category, string Text)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Enqueue((category, formatter(state, exception) + (exception is null ? "" : $" ({exception.Message})")));
            }
        }
    }
}
