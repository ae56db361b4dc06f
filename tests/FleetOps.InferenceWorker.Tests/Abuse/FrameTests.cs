using System.Buffers.Binary;
using FleetOps.Inference.V1;
using Google.Protobuf;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>Frames that HTTP/2 forbids end their connection with the code that RFC 9113 gives them, and harm nobody else.</summary>
public sealed class FrameTests(AbusedWorker abused) : IClassFixture<AbusedWorker>
{
    private const int ProtocolError = 1;
    private const int FlowControlError = 3;
    private const int StreamClosed = 5;
    private const int FrameSizeError = 6;
    private const int CompressionError = 9;
    private const string Tokenize = "/fleetops.inference.v1.Inference/Tokenize";

    private static readonly byte[] Eight = new byte[8];

    private static readonly Dictionary<string, (byte[] Bytes, int[] Codes)> Forbidden = new(StringComparer.Ordinal)
    {
        ["a frame longer than agreed"] = (RawHttp2.Frame(FrameType.Data, 0, 1, new byte[16_385]), [FrameSizeError, ProtocolError]),
        ["a frame of the greatest length"] = (RawHttp2.Frame(FrameType.Headers, 0, 1, Eight, length: 0xFFFFFF), [FrameSizeError]),
        ["settings of a broken length"] = (RawHttp2.Frame(FrameType.Settings, 0, 0, new byte[7]), [FrameSizeError]),
        ["settings on a stream"] = (RawHttp2.Frame(FrameType.Settings, 0, 1, []), [ProtocolError]),
        ["settings with a window beyond 2^31-1"] = (RawHttp2.Frame(FrameType.Settings, 0, 0, Setting(4, uint.MaxValue)), [FlowControlError]),
        ["settings with a frame size of 1"] = (RawHttp2.Frame(FrameType.Settings, 0, 0, Setting(5, 1)), [ProtocolError]),
        ["an acknowledgement of settings with content"] = (RawHttp2.Frame(FrameType.Settings, RawHttp2.Acknowledge, 0, new byte[6]), [FrameSizeError]),
        ["a ping of a broken length"] = (RawHttp2.Frame(FrameType.Ping, 0, 0, new byte[7]), [FrameSizeError]),
        ["a ping on a stream"] = (RawHttp2.Frame(FrameType.Ping, 0, 1, Eight), [ProtocolError]),
        ["a window update of nothing"] = (RawHttp2.Frame(FrameType.WindowUpdate, 0, 0, new byte[4]), [ProtocolError]),
        ["a window update beyond 2^31-1"] = (RawHttp2.Frame(FrameType.WindowUpdate, 0, 0, [0x7F, 0xFF, 0xFF, 0xFF]), [FlowControlError]),
        ["a window update of a broken length"] = (RawHttp2.Frame(FrameType.WindowUpdate, 0, 0, new byte[3]), [FrameSizeError]),
        ["data on the connection"] = (RawHttp2.Frame(FrameType.Data, 0, 0, Eight), [ProtocolError]),
        ["data on a stream that was never opened"] = (RawHttp2.Frame(FrameType.Data, 0, 7, Eight), [ProtocolError, StreamClosed]),
        ["headers on the connection"] = (RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 0, RawHttp2.GrpcHeaders(Tokenize)), [ProtocolError]),
        ["headers on a stream of the server"] = (RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 2, RawHttp2.GrpcHeaders(Tokenize)), [ProtocolError]),
        ["headers that no table knows"] = (RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]), [CompressionError]),
        ["headers that end within a text"] = (RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 1, [0x00, 0x7F, 0x01]), [CompressionError]),
        ["headers padded beyond their length"] = (RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders | 0x8, 1, [200, 1, 2]), [ProtocolError]),
        ["a stream that depends on itself"] = (RawHttp2.Frame(FrameType.Priority, 0, 1, [0, 0, 0, 1, 16]), [ProtocolError]),
        ["a reset of a stream that was never opened"] = (RawHttp2.Frame(FrameType.ResetStream, 0, 9, new byte[4]), [ProtocolError]),
        ["a promise of a client"] = (RawHttp2.Frame(FrameType.PushPromise, RawHttp2.EndHeaders, 1, Eight), [ProtocolError]),
        ["a continuation of nothing"] = (RawHttp2.Frame(FrameType.Continuation, RawHttp2.EndHeaders, 1, Eight), [ProtocolError]),
        ["a ping between headers and their continuation"] =
            ([.. RawHttp2.Frame(FrameType.Headers, 0, 1, RawHttp2.GrpcHeaders(Tokenize)), .. RawHttp2.Frame(FrameType.Ping, 0, 0, Eight)], [ProtocolError]),
        ["streams whose numbers fall"] =
            ([.. RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 5, RawHttp2.GrpcHeaders(Tokenize)), .. RawHttp2.Frame(FrameType.Headers, RawHttp2.EndHeaders, 3, RawHttp2.GrpcHeaders(Tokenize))],
            [ProtocolError, StreamClosed]),
    };

    public static TheoryData<string> Names => [.. Forbidden.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_forbidden_frame_ends_its_connection(string name)
    {
        var (bytes, codes) = Forbidden[name];
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        await client.SendRawAsync(bytes);
        var frames = await client.ReadToEndAsync();
        Assert.Contains(frames.Last(frame => frame.Type == FrameType.GoAway).ErrorCode, codes);
        await abused.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData("no preface at all, but some text\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno settings follow")]
    [InlineData("\u0016\u0003\u0001")]
    public async Task What_is_no_HTTP2_is_closed(string text)
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address, preface: false);
        await client.SendRawAsync(System.Text.Encoding.Latin1.GetBytes(text));
        client.CloseSending();
        Assert.DoesNotContain(await client.ReadToEndAsync(), frame => frame.Type == FrameType.Headers);
        await abused.AssertUnharmedAsync();
    }

    [Fact]
    public async Task Frames_of_unknown_types_are_passed_over()
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        for (var type = 10; type < 256; type++)
        {
            await client.SendAsync((FrameType)type, 0xFF, type % 2, new byte[type]);
        }

        await client.SendHeadersAsync(1, Tokenize);
        await client.SendAsync(FrameType.Data, RawHttp2.EndStream, 1, RawHttp2.Message(new TokenizeRequest { Text = "m" }.ToByteArray()));
        Assert.Contains(await client.ReadUntilAsync(frame => frame.EndsStream), frame => frame.Type == FrameType.Data);
        await abused.AssertUnharmedAsync();
    }

    private static byte[] Setting(ushort name, uint value)
    {
        var setting = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(setting, name);
        BinaryPrimitives.WriteUInt32BigEndian(setting.AsSpan(2), value);
        return setting;
    }
}
