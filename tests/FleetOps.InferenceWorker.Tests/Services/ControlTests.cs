using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Services;

public sealed class ControlTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-control").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_load_is_told_as_it_changes_and_the_stream_ends_with_the_server()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { MaxSequences = 2, OutputCapacity = 4 });
        var control = new Control.ControlClient(worker.Channel);
        using var watch = control.WatchLoad(new WatchLoadRequest { Interval = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(100)) }, cancellationToken: Cancellation);
        var idle = await NextAsync(watch, load => load.Running == 0);
        Assert.Equal((2, 1024, false), (idle.MaxRunning, idle.KvTokensTotal, idle.Draining));

        var holder = await worker.OccupyAsync();
        var busy = await NextAsync(watch, load => load.Running == 1 && load.KvTokensUsed > 0);
        Assert.Equal(0, busy.Waiting);
        holder.Cancel();
        await NextAsync(watch, load => load.Running == 0);

        Assert.Equal(0, await worker.StopAsync());
        while (await watch.ResponseStream.MoveNext(Cancellation))
        {
            // What was on its way.
        }
    }

    [Fact]
    public async Task A_drain_by_call_is_that_of_SIGTERM()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { OutputCapacity = 4 });
        var holder = await worker.OccupyAsync();
        var drained = await new Control.ControlClient(worker.Channel).DrainAsync(new DrainRequest(), cancellationToken: Cancellation);
        Assert.Equal((1, 0), (drained.Running, drained.Waiting));
        await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => worker.GenerateAsync(new GenerateRequest { Text = "m" })) is RpcException { StatusCode: StatusCode.Unavailable }, "new requests are refused");
        holder.Cancel();
        Assert.Equal(0, await worker.Completion);
    }

    [Fact]
    public async Task Adapters_are_loaded_listed_and_forgotten_by_name()
    {
        LoraAdapter.WriteRandom(Path.Combine(_folder, "a.gguf"));
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Random, options => options with { AdapterDirectory = _folder });
        var control = new Control.ControlClient(worker.Channel);

        var loaded = await control.LoadAdapterAsync(new LoadAdapterRequest { Name = "a", Path = "a.gguf", Scale = 2 }, cancellationToken: Cancellation);
        Assert.Equal(("a", 2f), (loaded.Name, loaded.Scale));
        Assert.Equal("a", Assert.Single((await control.ListAdaptersAsync(new ListAdaptersRequest(), cancellationToken: Cancellation)).Adapters).Name);
        Assert.Equal("a", Assert.Single((await control.GetModelInfoAsync(new GetModelInfoRequest(), cancellationToken: Cancellation)).Adapters).Name);
        Assert.Equal(StatusCode.AlreadyExists, await StatusAsync(control.LoadAdapterAsync(new LoadAdapterRequest { Name = "a", Path = "a.gguf" }, cancellationToken: Cancellation)));
        Assert.Equal(StatusCode.NotFound, await StatusAsync(control.LoadAdapterAsync(new LoadAdapterRequest { Name = "b", Path = "../a.gguf" }, cancellationToken: Cancellation)));
        Assert.Equal(StatusCode.InvalidArgument, await StatusAsync(control.LoadAdapterAsync(new LoadAdapterRequest { Name = "b b", Path = "a.gguf" }, cancellationToken: Cancellation)));
        await control.UnloadAdapterAsync(new UnloadAdapterRequest { Name = "a" }, cancellationToken: Cancellation);
        Assert.Equal(StatusCode.NotFound, await StatusAsync(control.UnloadAdapterAsync(new UnloadAdapterRequest { Name = "a" }, cancellationToken: Cancellation)));

        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m", Adapter = "a" }));
        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task A_request_is_answered_with_the_adapter_that_it_names()
    {
        LoraAdapter.WriteSuccessor(Path.Combine(_folder, "leap.gguf"), after: "o", next: "x");
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { AdapterDirectory = _folder });
        await new Control.ControlClient(worker.Channel).LoadAdapterAsync(new LoadAdapterRequest { Name = "leap", Path = "leap.gguf" }, cancellationToken: Cancellation);
        var request = new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 }, Adapter = "leap" };
        Assert.Equal("noxyz", (await worker.GenerateAsync(request)).Text);
        request.Adapter = "";
        Assert.Equal("nopqrstuvwxyz", (await worker.GenerateAsync(request)).Text);
    }

    private static async Task<StatusCode> StatusAsync<T>(AsyncUnaryCall<T> call) =>
        (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync)).StatusCode;

    private static async Task<Load> NextAsync(AsyncServerStreamingCall<Load> watch, Func<Load, bool> met)
    {
        while (await watch.ResponseStream.MoveNext(Cancellation))
        {
            if (met(watch.ResponseStream.Current))
            {
                return watch.ResponseStream.Current;
            }
        }

        throw new InvalidOperationException("The stream ended before the load was as expected.");
    }
}
