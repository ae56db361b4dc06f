using System.IO.Compression;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace FleetOps.InferenceWorker.Tests.Server;

public sealed class LimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_over_the_bound_is_refused_with_the_bound()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxRequestBytes = 4096 });
        Assert.NotEmpty((await worker.TokenizeAsync(new TokenizeRequest { Text = new string('x', 4000) })).TokenIds);
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.TokenizeAsync(new TokenizeRequest { Text = new string('x', 4097) }));
        AssertTooLarge(error);
        // Far beyond what is read at all.
        AssertTooLarge(await Assert.ThrowsAsync<RpcException>(() => worker.TokenizeAsync(new TokenizeRequest { Text = new string('x', 3_000_000) })));
        AssertTooLarge(await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = new string('x', 5000) })));
        Assert.NotEmpty((await worker.TokenizeAsync(new TokenizeRequest { Text = "m" })).TokenIds);
    }

    [Fact]
    public async Task A_small_message_that_unpacks_beyond_the_bound_is_refused()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxRequestBytes = 100_000 });
        using var channel = GrpcChannel.ForAddress(worker.Address, new GrpcChannelOptions { CompressionProviders = [new Grpc.Net.Compression.GzipCompressionProvider(CompressionLevel.Optimal)] });
        var client = new Inference.V1.Inference.InferenceClient(channel);
        var packed = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        Assert.NotEmpty((await client.TokenizeAsync(new TokenizeRequest { Text = new string('x', 50_000) }, packed, cancellationToken: Cancellation)).TokenIds);
        var error = await Assert.ThrowsAsync<RpcException>(async () => await client.TokenizeAsync(new TokenizeRequest { Text = new string('x', 2_000_000) }, packed, cancellationToken: Cancellation));
        AssertTooLarge(error, "100000");
    }

    [Fact]
    public async Task Metadata_over_the_bound_ends_the_call_and_not_the_worker()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxHeaderBytes = 2048 });
        var control = new Control.ControlClient(worker.Channel);
        await control.GetServerInfoAsync(new GetServerInfoRequest(), new Metadata { { "x-much", new string('x', 1000) } }, cancellationToken: Cancellation);
        await Assert.ThrowsAsync<RpcException>(async () => await control.GetServerInfoAsync(new GetServerInfoRequest(), new Metadata { { "x-much", new string('x', 3000) } }, cancellationToken: Cancellation));
        await control.GetServerInfoAsync(new GetServerInfoRequest(), cancellationToken: Cancellation);
    }

    [Fact]
    public async Task Calls_over_the_bound_are_refused_and_checks_of_the_health_are_not()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxCalls = 3 });
        var health = new Health.HealthClient(worker.Channel);
        var watches = Enumerable.Range(0, 3).Select(_ => health.Watch(new HealthCheckRequest(), cancellationToken: Cancellation)).ToList();
        foreach (var watch in watches)
        {
            Assert.True(await watch.ResponseStream.MoveNext(Cancellation));
        }

        var error = await Assert.ThrowsAsync<RpcException>(() => worker.TokenizeAsync(new TokenizeRequest { Text = "m" }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        Assert.Contains("3 calls open", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("TOO_MANY_CALLS", error.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason);
        Assert.Equal(TimeSpan.FromSeconds(1), error.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest(), cancellationToken: Cancellation)).Status);

        watches[0].Dispose();
        await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => worker.TokenizeAsync(new TokenizeRequest { Text = "m" })) is null, "there is room again");
        watches.ForEach(watch => watch.Dispose());
        await Until.HoldsAsync(async () => await OpenAsync(worker, "calls") == 0, "no call is open");
    }

    [Fact]
    public async Task Connections_over_the_bound_are_closed_at_once()
    {
        var log = new FakeLogCollector();
        await using var worker = await ServeAsync(limits => limits with { MaxConnections = 2 }, log: log);
        var channels = Enumerable.Range(0, 2).Select(_ => GrpcChannel.ForAddress(worker.Address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler(), DisposeHttpClient = true })).ToList();
        foreach (var channel in channels)
        {
            await new Control.ControlClient(channel).GetServerInfoAsync(new GetServerInfoRequest(), cancellationToken: Cancellation);
        }

        for (var i = 0; i < 3; i++)
        {
            // Which one tells how far the client was when its connection was closed.
            var error = await Assert.ThrowsAsync<RpcException>(() => worker.TokenizeAsync(new TokenizeRequest { Text = "m" }));
            Assert.True(error.StatusCode is StatusCode.Unavailable or StatusCode.Internal, error.ToString());
        }

        Assert.Single(log.GetSnapshot(), line => line.Id.Id == 1404);
        // Probes have a port of their own. The last that was closed may still be counted.
        await Until.HoldsAsync(async () => await OpenAsync(worker, "connections") == 2, "the two are open");
        channels[0].Dispose();
        await Until.HoldsAsync(async () => await Record.ExceptionAsync(() => worker.TokenizeAsync(new TokenizeRequest { Text = "m" })) is null, "there is room again");
        channels[1].Dispose();
    }

    [Fact]
    public async Task A_connection_takes_so_many_calls_at_once_and_the_others_wait_with_the_client()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxStreamsPerConnection = 2 });
        using var channel = GrpcChannel.ForAddress(worker.Address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = false } });
        var health = new Health.HealthClient(channel);
        using var first = health.Watch(new HealthCheckRequest(), cancellationToken: Cancellation);
        using var second = health.Watch(new HealthCheckRequest(), cancellationToken: Cancellation);
        Assert.True(await first.ResponseStream.MoveNext(Cancellation));
        Assert.True(await second.ResponseStream.MoveNext(Cancellation));
        var third = health.CheckAsync(new HealthCheckRequest(), cancellationToken: Cancellation).ResponseAsync;
        Assert.Equal(2, await OpenAsync(worker, "calls"));
        Assert.False(third.IsCompleted);
        first.Dispose();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await third).Status);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_ended_with_the_bound()
    {
        await using var worker = await ServeAsync(limits => limits with { MaxRequestDuration = TimeSpan.FromMilliseconds(300) }, options => options with { MaxSequences = 1, OutputCapacity = 4 });
        var holder = await worker.OccupyAsync();
        var error = await Assert.ThrowsAsync<RpcException>(() => worker.GenerateAsync(new GenerateRequest { Text = "m" }));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.Equal("REQUEST_TOO_LONG", error.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason);
        await Until.HoldsAsync(() => worker.Engine.Waiting == 0, "it has left the queue");
        holder.Cancel();
    }

    [Fact]
    public async Task A_peer_that_answers_no_ping_loses_its_connection()
    {
        await using var worker = await ServeAsync(limits => limits with { KeepAliveDelay = TimeSpan.FromSeconds(1), KeepAliveTimeout = TimeSpan.FromSeconds(1) });
        await using var silent = await Abuse.RawHttp2.ConnectAsync(worker.Address);
        Assert.Contains(await silent.ReadToEndAsync(), frame => frame.Type == Abuse.FrameType.Ping);
        await Until.HoldsAsync(async () => await OpenAsync(worker, "connections") == 0, "it is closed");
    }

    private static void AssertTooLarge(RpcException error, string limit = "4096")
    {
        Assert.True(error.StatusCode == StatusCode.ResourceExhausted, error.ToString());
        Assert.Contains($"more than {limit} bytes", error.Status.Detail, StringComparison.Ordinal);
        var info = error.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
        Assert.Equal(("REQUEST_TOO_LARGE", limit), (info.Reason, info.Metadata["limit"]));
    }

    private static async Task<int> OpenAsync(InProcessWorker worker, string what) => (int)await Scrape.ValueAsync(worker.Http, $"fleetops_worker_{what}_open");

    private static Task<InProcessWorker> ServeAsync(Func<ServerLimits, ServerLimits> limits, Func<ServeOptions, ServeOptions>? change = null, FakeLogCollector? log = null) => InProcessWorker.ServeAsync(
        ModelFiles.Successor,
        options => (change?.Invoke(options) ?? options) with { Limits = limits(options.Limits) },
        log is null ? null : builder => builder.AddProvider(new FakeLoggerProvider(log)));
}
