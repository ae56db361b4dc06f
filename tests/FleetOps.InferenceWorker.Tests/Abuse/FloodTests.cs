using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using Google.Protobuf;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>Clients that send much, send slowly, read nothing or vanish: others are served, and what they held comes back. The memory of a process is that of all its tests, so nothing else runs meanwhile.</summary>
[Collection(RunsAlone.Name)]
public sealed class FloodTests(AbusedWorker abused) : IClassFixture<AbusedWorker>
{
    private const string Generate = "/fleetops.inference.v1.Inference/Generate";
    private const string Tokenize = "/fleetops.inference.v1.Inference/Tokenize";
    private const int Many = 10_000;

    /// <summary>Each is a whole request for the worker.</summary>
    private const int ManyResets = 2000;

    private static readonly byte[] Endless = RawHttp2.Message(
        new GenerateRequest { Text = "go on", Stop = new StopOptions { IgnoreEndOfGeneration = true }, Sampling = new SamplingOptions { Temperature = 0 } }.ToByteArray());

    private static readonly byte[] NoWindow = [0, 4, 0, 0, 0, 0];

    public static TheoryData<string> Floods => ["settings", "pings", "window updates", "priorities", "empty data", "continuations", "empty continuations", "resets", "headers"];

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_of_frames_whose_answers_nobody_reads_harms_nobody(string kind)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await using (var client = await RawHttp2.ConnectAsync(abused.Worker.Address))
        {
            using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await client.SendUntilRefusedAsync(Flood(kind), enough.Token);
            Assert.Equal("nopqrstuvwxyz", (await abused.Worker.GenerateAsync(new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } })).Text);
        }

        await abused.AssertUnharmedAsync();
        await Until.HoldsAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 8 * 1024 * 1024, "the memory came back");
    }

    [Fact]
    public async Task Clients_that_vanish_give_their_slots_back()
    {
        for (var round = 0; round < 50; round++)
        {
            await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
            for (var stream = 1; stream < 16; stream += 2)
            {
                await client.SendHeadersAsync(stream, Generate);
                await client.SendAsync(FrameType.Data, RawHttp2.EndStream, stream, Endless);
            }

            if (round % 2 == 0)
            {
                await client.ReadUntilAsync(frame => frame.Type == FrameType.Data);
            }
        }

        await abused.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_client_that_grants_no_window_keeps_no_slot()
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        await client.SendAsync(FrameType.Settings, 0, 0, NoWindow);
        await client.SendHeadersAsync(1, Generate);
        await client.SendAsync(FrameType.Data, RawHttp2.EndStream, 1, Endless);
        Assert.Equal(FrameType.Headers, (await client.ReadUntilAsync(frame => frame.Type == FrameType.Headers))[^1].Type);
        await abused.AssertUnharmedAsync();
    }

    [Fact]
    public async Task An_answer_that_nobody_reads_is_thrown_away()
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        await client.SendAsync(FrameType.Settings, 0, 0, NoWindow);
        for (var stream = 1; stream < 20; stream += 2)
        {
            // More than Kestrel keeps of one answer.
            await client.SendHeadersAsync(stream, Tokenize);
            var message = RawHttp2.Message(new TokenizeRequest { Text = new string('m', 16_000), WithPieces = true }.ToByteArray());
            await client.SendAsync(FrameType.Data, 0, stream, message[..16_000]);
            await client.SendAsync(FrameType.Data, RawHttp2.EndStream, stream, message[16_000..]);
        }

        var resets = 0;
        await client.ReadUntilAsync(frame => frame.Type == FrameType.ResetStream && ++resets == 10);
        Assert.Equal(10, resets);
        await abused.AssertUnharmedAsync();
    }

    [Fact]
    public async Task A_request_that_never_comes_to_its_end_is_ended()
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        await client.SendHeadersAsync(1, Tokenize);
        await client.SendAsync(FrameType.Data, 0, 1, [0, 0, 0, 0, 50, 10]);
        await client.ReadUntilAsync(frame => frame.Type is FrameType.ResetStream or FrameType.GoAway || frame.EndsStream);
        await abused.AssertUnharmedAsync();
    }

    private static IEnumerable<byte[]> Flood(string kind)
    {
        var headers = RawHttp2.GrpcHeaders(Generate);
        switch (kind)
        {
            case "settings":
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.Settings, 0, 0, []), Many);
            case "pings":
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.Ping, 0, 0, new byte[8]), Many);
            case "window updates":
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.WindowUpdate, 0, 0, [0, 0, 0, 1]), Many);
            case "priorities":
                return Enumerable.Range(0, Many).Select(i => RawHttp2.Frame(FrameType.Priority, 0, (2 * i) + 1, [0, 0, 0, 0, 16]));
            case "empty data":
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.Data, 0, 1, []), Many).Prepend(RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 1, headers));
            case "continuations":
                var field = RawHttp2.Headers(("x-more", "and more"));
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.Continuation, 0, 1, field), Many).Prepend(RawHttp2.Frame(FrameType.Headers, 0, 1, headers));
            case "empty continuations":
                return Enumerable.Repeat(RawHttp2.Frame(FrameType.Continuation, 0, 1, []), Many).Prepend(RawHttp2.Frame(FrameType.Headers, 0, 1, headers));
            case "resets":
                return Enumerable.Range(0, ManyResets).Select(i => (byte[])
                [
                    .. RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, (2 * i) + 1, headers),
                    .. RawHttp2.Frame(FrameType.Data, RawHttp2.EndStream, (2 * i) + 1, Endless),
                    .. RawHttp2.Frame(FrameType.ResetStream, 0, (2 * i) + 1, [0, 0, 0, 8]),
                ]);
            default:
                // Calls that are opened and left open, far more than a connection may have.
                return Enumerable.Range(0, Many).Select(i => RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, (2 * i) + 1, headers));
        }
    }
}
