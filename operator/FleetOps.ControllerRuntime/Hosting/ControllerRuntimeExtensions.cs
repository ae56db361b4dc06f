using System.Diagnostics.Metrics;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Events;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Adds the controller runtime to a web application.</summary>
public static class ControllerRuntimeExtensions
{
    /// <summary>
    /// Adds the host that runs controllers, with <see cref="KubeApi"/>, <see cref="Applier"/>, <see cref="EventRecorder"/> and
    /// <see cref="InformerRegistry"/> as services, and its metrics. A <see cref="Kubernetes"/> or <see cref="TimeProvider"/> registered earlier is used.
    /// </summary>
    public static ControllerRuntimeBuilder AddControllerRuntime(this IServiceCollection services, Action<ControllerRuntimeOptions>? configure = null)
    {
        var options = new ControllerRuntimeOptions();
        configure?.Invoke(options);
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => KubeConnection.Open(KubeConnection.FindConfiguration(options.KubeConfigPath, options.KubeContext), options.Component));
        services.AddSingleton(options);
        services.AddSingleton(static provider => new KubeApi(
            provider.GetRequiredService<Kubernetes>(),
            provider.GetRequiredService<ControllerRuntimeOptions>().Api,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton(static provider => new Applier(provider.GetRequiredService<KubeApi>()));
        services.AddSingleton(static provider => new InformerRegistry(
            provider.GetRequiredService<KubeApi>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<IMeterFactory>(),
            provider.GetRequiredService<ControllerRuntimeOptions>().WatchNamespaces));
        services.AddSingleton<EventRecorder>();
        services.AddSingleton(static provider => new LeaderElection(
            provider.GetRequiredService<KubeApi>(),
            provider.GetRequiredService<ControllerRuntimeOptions>().Election(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<LeaderElection>>(),
            provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton(static provider => new RuntimeHealth(provider.GetRequiredService<InformerRegistry>(), provider.GetRequiredService<LeaderElection>()));
        services.AddHostedService<ControllerHost>();
        services.AddHostedService(static provider => new IdleCollection(
            provider.GetRequiredService<TimeProvider>(),
            static () => GC.GetTotalAllocatedBytes(),
            static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true)));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.GracefulShutdown + TimeSpan.FromSeconds(10));
        Telemetry.Add(services, options);
        return new ControllerRuntimeBuilder(services, options);
    }

    /// <summary>
    /// Maps <c>/healthz</c> (the process and its lease are well), <c>/readyz</c> (stores are synced, on standbys too) and <c>/metrics</c>
    /// (Prometheus text).
    /// </summary>
    public static void MapControllerRuntime(this IEndpointRouteBuilder endpoints)
    {
        // First of all: it starts the metrics, and counters that are set to 0 before that are not seen.
        ScrapeEndpoint.Map(endpoints, "/metrics");
        var health = endpoints.ServiceProvider.GetRequiredService<RuntimeHealth>();
        endpoints.MapGet("/healthz", context => AnswerAsync(context, health.LivenessProblems()));
        endpoints.MapGet("/readyz", context => AnswerAsync(context, health.ReadinessProblems()));
    }

    private static Task AnswerAsync(HttpContext context, IReadOnlyList<string> problems)
    {
        context.Response.StatusCode = problems.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(problems.Count == 0 ? "ok\n" : string.Join('\n', problems) + "\n", context.RequestAborted);
    }
}
