using System.Reflection;
using FleetOps.InferenceWorker.Security;
using FleetOps.InferenceWorker.Services;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Telemetry;
using Grpc.AspNetCore.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Reflection;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OpenTelemetry.Metrics;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Builds the server: gRPC on one port, probes, state and metrics on the other. Both listen from the very start.</summary>
internal static class WorkerHost
{
    /// <summary>How long calls may take to notice that the server stops, after the drain.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    /// <summary>What reflection tells about. Named here, because finding it at run time would not survive trimming.</summary>
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor[] Described =
    [
        Inference.V1.Inference.Descriptor, Inference.V1.Control.Descriptor, Health.Descriptor,
        Grpc.Reflection.V1Alpha.ServerReflection.Descriptor, Grpc.Reflection.V1.ServerReflection.Descriptor,
    ];

    /// <summary>Version of this program.</summary>
    public static string Version { get; } =
        typeof(WorkerHost).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>Builds the server; the caller starts it and runs its <see cref="WorkerLifecycle"/>.</summary>
    public static WebApplication Build(ServeOptions options, TimeProvider clock, Action<ILoggingBuilder>? logging = null)
    {
        // Nothing is read from configuration files or ASPNETCORE_ variables: the command line is the whole contract.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "fleetops-worker" });
        (logging ?? (log => ConsoleLog.Add(log, options.JsonLog)))(builder.Logging);
        // The web server would give each line an id of its own under the name of ours.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, options));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddGrpc(grpc => Configure(grpc, options.Limits));
        WorkerTelemetry.Add(builder.Services, Version, options.Collector);
        builder.Services
            .AddSingleton(options)
            .AddSingleton(clock)
            .AddSingleton<OpenConnections>()
            .AddSingleton(new WorkerState(clock, Version))
            .AddSingleton<ModelRegistry>()
            .AddSingleton<InferenceMetrics>()
            .AddSingleton<RequestTraces>()
            .AddSingleton<RequestRecorder>()
            .AddSingleton<RequestScopes>()
            .AddSingleton<ServerMetrics>()
            .AddSingleton(options.Security)
            .AddSingleton<ServerCertificates>()
            .AddSingleton<TokenGate>()
            .AddSingleton<CallLimit>()
            .AddSingleton<ReadMark>()
            .AddSingleton<HealthServiceImpl>()
            .AddSingleton<HealthReporter>()
            .AddSingleton(new ReflectionServiceImpl(Described))
            .AddSingleton(new ReflectionV1ServiceImpl(Described))
            .AddSingleton<OpenRequests>()
            .AddSingleton<GenerationCall>()
            .AddSingleton<EmbeddingCall>()
            .AddSingleton<InferenceService>()
            .AddSingleton<ControlService>()
            .AddSingleton<WorkerLifecycle>()
            .AddHostedService<IdleCollection>();

        var app = builder.Build();
        app.Services.GetRequiredService<HealthReporter>();
        app.Use(app.Services.GetRequiredService<RequestScopes>().BeginAsync);
        app.Use(app.Services.GetRequiredService<CallLimit>().CheckAsync);
        if (options.Security.Tokens is not null)
        {
            app.Use(app.Services.GetRequiredService<TokenGate>().CheckAsync);
        }

        app.MapGrpcService<InferenceService>();
        app.MapGrpcService<ControlService>();
        app.MapGrpcService<HealthServiceImpl>();
        app.MapGrpcService<ReflectionServiceImpl>();
        app.MapGrpcService<ReflectionV1ServiceImpl>();
        MapProbes(app);
        app.MapPrometheusScrapingEndpoint();
        return app;
    }

    private static void Configure(GrpcServiceOptions grpc, ServerLimits limits)
    {
        grpc.MaxReceiveMessageSize = limits.MaxRequestBytes;
        // What is sent is bounded by what was asked for.
        grpc.MaxSendMessageSize = null;
        grpc.Interceptors.Add<ReadMark>();
        grpc.CompressionProviders = [new BoundedGzip(limits.MaxRequestBytes)];
    }

    private static void Listen(KestrelServerOptions kestrel, ServeOptions options)
    {
        // First of all: counters that are set to 0 before anybody listens are not seen.
        kestrel.ApplicationServices.GetRequiredService<MeterProvider>();
        var connections = kestrel.ApplicationServices.GetRequiredService<OpenConnections>();
        var limits = options.Limits;
        kestrel.AddServerHeader = false;
        // How long a slow reader may hold something is the engine's decision; a peer that has vanished is found by pings.
        kestrel.Limits.MinResponseDataRate = null;
        // gRPC reads no further than its own bound, and answers with a status.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        kestrel.Limits.Http2.MaxRequestHeaderFieldSize = limits.MaxHeaderBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = limits.KeepAliveDelay;
        kestrel.Limits.Http2.KeepAlivePingTimeout = limits.KeepAliveTimeout;
        kestrel.Limits.Http2.MaxStreamsPerConnection = limits.MaxStreamsPerConnection;
        Listen(options.GrpcPort, HttpProtocols.Http2);
        Listen(options.HttpPort, HttpProtocols.Http1);

        void Listen(int port, HttpProtocols protocols)
        {
            if (options.Bind is { } address)
            {
                kestrel.Listen(address, port, Configure);
            }
            else
            {
                kestrel.ListenAnyIP(port, Configure);
            }

            void Configure(ListenOptions listen)
            {
                listen.Protocols = protocols;
                if (protocols == HttpProtocols.Http2)
                {
                    // First, so that a connection over the bound costs no handshake.
                    listen.Use(connections.Track);
                    if (options.Security.Certificate is not null)
                    {
                        listen.UseHttps(kestrel.ApplicationServices.GetRequiredService<ServerCertificates>().Handshake);
                    }
                }
            }
        }
    }

    private static void MapProbes(WebApplication app)
    {
        var state = app.Services.GetRequiredService<WorkerState>();
        var models = app.Services.GetRequiredService<ModelRegistry>();
        app.MapGet("/healthz", context => Answer(context, state.Phase != WorkerPhase.Failed, state.Phase));
        app.MapGet("/readyz", context => Answer(context, state.Phase == WorkerPhase.Serving, state.Phase));
        app.MapGet("/state", context => context.Response.WriteAsJsonAsync(
            state.Describe(models.Running, models.Waiting), StateJson.Readable.StateDocument, contentType: null, context.RequestAborted));
    }

    private static Task Answer(HttpContext context, bool good, WorkerPhase phase)
    {
        context.Response.StatusCode = good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(phase.ToString(), context.RequestAborted);
    }
}
