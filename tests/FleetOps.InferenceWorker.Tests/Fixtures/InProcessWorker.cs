using System.Net;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Engine;
using FleetOps.InferenceWorker.Engine.Requests;
using FleetOps.InferenceWorker.Engine.Sampling;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.LlamaCpp.Backends;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Sources;
using FleetOps.TestModels;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>The whole worker inside the test: real llama.cpp, real Kestrel on loopback ports of its own.</summary>
internal sealed class InProcessWorker : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task<int> _run;

    private InProcessWorker(WebApplication app)
    {
        _app = app;
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        Address = new Uri(addresses[0]);
        Channel = GrpcChannel.ForAddress(Address);
        Http = new HttpClient { BaseAddress = new Uri(addresses[1]) };
        Client = new Inference.V1.Inference.InferenceClient(Channel);
        _run = app.Services.GetRequiredService<WorkerLifecycle>().RunAsync(_stop.Token);
    }

    /// <summary>Where gRPC listens.</summary>
    public Uri Address { get; }

    public GrpcChannel Channel { get; }

    public Inference.V1.Inference.InferenceClient Client { get; }

    public HttpClient Http { get; }

    /// <summary>A part of the worker.</summary>
    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public WorkerState State => _app.Services.GetRequiredService<WorkerState>();

    public ServedModel Served => _app.Services.GetRequiredService<ModelRegistry>().Loaded!;

    public InferenceEngine Engine => Served.Engine;

    /// <summary>The exit code; asks for the end first, as SIGTERM does.</summary>
    public Task<int> StopAsync()
    {
        _stop.Cancel();
        return _run;
    }

    /// <summary>Completes with the exit code when the worker ends by itself.</summary>
    public Task<int> Completion => _run;

    /// <summary>Starts a worker and waits until it serves.</summary>
    public static async Task<InProcessWorker> ServeAsync(string model, Func<ServeOptions, ServeOptions>? change = null, Action<ILoggingBuilder>? logging = null, TimeProvider? clock = null)
    {
        var worker = await StartAsync(ModelSource.Parse($"file://{model}"), change, logging, clock);
        var phase = await worker.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, TestContext.Current.CancellationToken);
        Assert.True(phase == WorkerPhase.Serving, $"{phase}: {worker.State.Describe(0, 0).Message}");
        return worker;
    }

    /// <summary>Starts a worker and waits for nothing.</summary>
    public static async Task<InProcessWorker> StartAsync(ModelSource source, Func<ServeOptions, ServeOptions>? change = null, Action<ILoggingBuilder>? logging = null, TimeProvider? clock = null)
    {
        var libraries = NativeTools.Libraries(out var reason);
        Assert.SkipWhen(libraries is null, reason);
        var options = new ServeOptions
        {
            Model = new FetchRequest(source),
            Fetching = new ModelFetcherOptions { ModelDirectory = ServeOptions.DefaultModelDirectory, ClaimRoot = ServeOptions.DefaultClaimRoot },
            NativeDirectory = libraries!,
            Backend = BackendRequest.Cpu,
            Threads = 1,
            ContextLength = 512,
            MaxSequences = 4,
            GrpcPort = 0,
            HttpPort = 0,
            Bind = IPAddress.Loopback,
            DrainDelay = TimeSpan.Zero,
            DrainTimeout = TimeSpan.FromSeconds(20),
        };
        var app = WorkerHost.Build(change?.Invoke(options) ?? options, clock ?? TimeProvider.System, logging ?? (_ => { }));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new InProcessWorker(app);
    }

    public Task<Answer> GenerateAsync(GenerateRequest request) =>
        Answer.ReadAsync(Client.Generate(request, cancellationToken: TestContext.Current.CancellationToken));

    public Task<Answer> ChatAsync(ChatRequest request) =>
        Answer.ReadAsync(Client.Chat(request, cancellationToken: TestContext.Current.CancellationToken));

    public async Task<TokenizeResponse> TokenizeAsync(TokenizeRequest request) =>
        await Client.TokenizeAsync(request, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Takes a slot and keeps it: nobody reads what it generates, so it pauses.</summary>
    public async Task<Generation> OccupyAsync()
    {
        var generation = Engine.Submit(Endless());
        Assert.True(await generation.Admitted);
        return generation;
    }

    /// <summary>Puts a request into the queue that nobody reads.</summary>
    public Generation Enqueue() => Engine.Submit(Endless());

    public static GenerationRequest Endless(params int[] prompt) => new()
    {
        Prompt = prompt.Length > 0 ? prompt : [1],
        Sampling = new SamplingSettings { Temperature = 0 },
        IgnoreEndOfGeneration = true,
    };

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        Http.Dispose();
        // A test that left something running must not wait for its drain.
        if (_app.Services.GetRequiredService<ModelRegistry>().Loaded is { } served)
        {
            await Task.Run(served.Stop);
        }

        await StopAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _stop.Dispose();
    }
}
