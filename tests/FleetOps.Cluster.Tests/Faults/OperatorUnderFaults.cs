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

    private readonly WebApplication _app;
    private readonly Kubernetes _client;
    private readonly MeterListener _listener = new();
    private readonly WarningLog _warnings;
    private int _reconciles;
    private int _errors;

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
            if (ReferenceEquals(instrument.Meter.Scope, factory) && instrument.Name is "controller_runtime_reconcile_total" or "controller_runtime_reconcile_errors_total")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
            Interlocked.Add(ref instrument.Name == "controller_runtime_reconcile_total" ? ref _reconciles : ref _errors, (int)count));
        _listener.Start();
    }

    public RequestLog Requests { get; }

    /// <summary>Lines logged as warning or worse.</summary>
    public IReadOnlyCollection<string> Warnings => _warnings.Lines;

    /// <summary>Reconciles that have ended, and those of them that failed.</summary>
    public (int All, int Failed) Reconciles => (Volatile.Read(ref _reconciles), Volatile.Read(ref _errors));

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

    private sealed class WarningLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Enqueue(formatter(state, exception) + (exception is null ? "" : $" ({exception.Message})"));
            }
        }

        public void Dispose()
        {
        }
    }
}
