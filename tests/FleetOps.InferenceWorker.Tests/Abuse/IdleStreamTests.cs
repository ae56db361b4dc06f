using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.InferenceWorker.Tests.Server;
using Google.Protobuf;
using Grpc.Health.V1;

namespace FleetOps.InferenceWorker.Tests.Abuse;

public sealed class IdleStreamTests
{
    private const int Connections = 20;
    private const int StreamsEach = 500;

    /// <summary>10,000 watchers of the health, and with each a stream; measured are about 14 KiB.</summary>
    private const long MostBytesEach = 24 * 1024;

    [Fact]
    public async Task Ten_thousand_idle_streams_cost_little_and_their_memory_is_given_back()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}");
        await worker.UntilServingAsync();
        await WatchAsync(worker, 1);
        var before = await worker.ResidentBytesAsync();
        var first = await WatchAsync(worker, Connections);
        var each = (first - before) / (Connections * StreamsEach);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each idle stream");
        Assert.True(each < MostBytesEach, $"An idle stream costs {each} bytes.");
        await WatchAsync(worker, Connections);
        // Nobody asks anything for a while: what the streams took is given back.
        await Until.HoldsAsync(async () => await worker.ResidentBytesAsync() - before < 64 * 1024 * 1024, "the memory is given back");
    }

    /// <summary>Opens the streams, asks something beside them, and closes them; returns the memory while they were open.</summary>
    private static async Task<long> WatchAsync(WorkerProcess worker, int connections)
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            var client = await RawHttp2.ConnectAsync(worker.Address);
            for (var stream = 1; stream < 2 * StreamsEach; stream += 2)
            {
                await client.SendHeadersAsync(stream, "/grpc.health.v1.Health/Watch");
                await client.SendAsync(FrameType.Data, RawHttp2.EndStream, stream, RawHttp2.Message(new HealthCheckRequest().ToByteArray()));
            }

            var told = 0;
            await client.ReadUntilAsync(frame => frame.Type == FrameType.Data && ++told == StreamsEach);
            Assert.Equal(StreamsEach, told);
            return client;
        }));
        Assert.Equal(connections * StreamsEach, await Scrape.ValueAsync(worker.Http, "fleetops_worker_calls_open"));
        Assert.Equal("nopqrstuvwxyz", (await Answer.ReadAsync(worker.Client.Generate(
            new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: TestContext.Current.CancellationToken))).Text);
        var resident = await worker.ResidentBytesAsync();
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        await Until.HoldsAsync(async () => await Scrape.ValueAsync(worker.Http, "fleetops_worker_calls_open") == 0, "no call is open");
        return resident;
    }
}
