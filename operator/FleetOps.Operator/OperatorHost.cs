using FleetOps.ControllerRuntime.Hosting;
using FleetOps.Operator.ModelCaches;
using FleetOps.Operator.ModelDeployments;
using FleetOps.Operator.ModelDeployments.Observe;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FleetOps.Operator;

/// <summary>The operator as a web application that is ready to run.</summary>
internal static class OperatorHost
{
    /// <param name="options">From the command line.</param>
    /// <param name="configure">Replaces services; for tests.</param>
    public static WebApplication Build(OperatorOptions options, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenAnyIP(options.HttpPort));
        ConsoleLog.Add(builder.Logging, options.LogFormat);
        configure?.Invoke(builder.Services);
        builder.Services.TryAddSingleton(static _ => KubeConnection.Open(KubeConnection.FindConfiguration(), "fleetops-operator", new SecretMetadataOnly()));
        builder.Services
            .AddControllerRuntime(runtime =>
            {
                runtime.LeaderElect = options.LeaderElect;
                runtime.LeaseNamespace = options.Namespace;
                runtime.WatchNamespaces = options.WatchNamespaces;
                runtime.Collector = options.Collector;
            })
            .AddModelDeployments(
                new(
                    options.WorkerImage,
                    options.WorkerCudaImage ?? options.WorkerImage,
                    options.WorkerImagePullPolicy,
                    options.WorkerCudaImagePullPolicy ?? options.WorkerImagePullPolicy)
                {
                    ImagePullSecrets = options.WorkerImagePullSecrets,
                    AllowedHostPaths = options.AllowedHostPaths,
                    Mirrors = options.Mirrors,
                    Collector = options.WorkerCollector,
                    RequiresLicenseAcceptance = options.RequireLicenseAcceptance,
                    RequiresDigest = options.RequireDigest,
                },
                watchesNodes: options.WatchNamespaces.Count == 0)
            .AddModelCaches(watchesNodes: options.WatchNamespaces.Count == 0);

        var app = builder.Build();
        app.MapControllerRuntime();
        return app;
    }
}
