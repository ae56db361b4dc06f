using FleetOps.Inference.V1;
using Google.Protobuf;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>gRPC messages that are cut off, mislabelled or not there at all are answered with a status.</summary>
public sealed class MessageTests(AbusedWorker abused) : IClassFixture<AbusedWorker>
{
    private const string Tokenize = "/fleetops.inference.v1.Inference/Tokenize";
    private const string Generate = "/fleetops.inference.v1.Inference/Generate";

    private static readonly byte[] Good = new TokenizeRequest { Text = "m" }.ToByteArray();

    private static readonly Dictionary<string, (string Path, byte[] Body, (string, string)[] Headers, StatusCode[] Statuses)> Broken = new(StringComparer.Ordinal)
    {
        ["no message"] = (Tokenize, [], [], [StatusCode.Internal]),
        ["a prefix that is cut off"] = (Tokenize, [0, 0, 0], [], [StatusCode.Internal]),
        ["a message that is cut off"] = (Tokenize, RawHttp2.Message(Good, length: 100), [], [StatusCode.Internal]),
        ["a message of 2 GiB"] = (Tokenize, RawHttp2.Message(Good, length: int.MaxValue), [], [StatusCode.ResourceExhausted]),
        ["a message of 4 GiB"] = (Tokenize, RawHttp2.Message(Good, length: -1), [], [StatusCode.InvalidArgument]),
        ["two messages for one"] = (Tokenize, [.. RawHttp2.Message(Good), .. RawHttp2.Message(Good)], [], [StatusCode.Internal]),
        ["a message and some bytes"] = (Generate, [.. RawHttp2.Message(Good), 0, 0], [], [StatusCode.Internal]),
        ["compressed without saying how"] = (Tokenize, RawHttp2.Message(Good, compressed: 1), [], [StatusCode.Internal, StatusCode.Unimplemented]),
        ["compressed, but by no encoding"] = (Tokenize, RawHttp2.Message(Good, compressed: 1), [("grpc-encoding", "identity")], [StatusCode.Internal, StatusCode.Unimplemented]),
        ["compressed as nobody does"] = (Tokenize, RawHttp2.Message(Good, compressed: 1), [("grpc-encoding", "lzw")], [StatusCode.Unimplemented]),
        ["said to be gzip and is not"] = (Tokenize, RawHttp2.Message(Good, compressed: 1), [("grpc-encoding", "gzip")], [StatusCode.InvalidArgument]),
        ["a compression flag of 2"] = (Tokenize, RawHttp2.Message(Good, compressed: 2), [], [StatusCode.InvalidArgument]),
        ["bytes that are no protobuf"] = (Tokenize, RawHttp2.Message([0xFF, 0xFF, 0xFF, 0xFF]), [], [StatusCode.InvalidArgument]),
        ["text that is no UTF-8"] = (Tokenize, RawHttp2.Message([0x0A, 2, 0xC3, 0x28]), [], [StatusCode.InvalidArgument]),
        ["messages a thousand deep"] = (Tokenize, RawHttp2.Message(Deep()), [], [StatusCode.InvalidArgument]),
        ["a method that does not exist"] = ("/fleetops.inference.v1.Inference/Nothing", RawHttp2.Message(Good), [], [StatusCode.Unimplemented]),
        ["a service that does not exist"] = ("/nobody.Nothing/Nothing", RawHttp2.Message(Good), [], [StatusCode.Unimplemented]),
        ["a deadline that is no number"] = (Tokenize, RawHttp2.Message(Good), [("grpc-timeout", "soon")], [StatusCode.OK, StatusCode.Internal]),
        ["a deadline of 99999999 hours"] = (Tokenize, RawHttp2.Message(Good), [("grpc-timeout", "99999999H")], [StatusCode.OK]),
        ["a deadline of nothing"] = (Tokenize, RawHttp2.Message(Good), [("grpc-timeout", "0n")], [StatusCode.OK, StatusCode.DeadlineExceeded]),
        ["binary metadata that is no base64"] = (Tokenize, RawHttp2.Message(Good), [("x-some-bin", "!!!")], [StatusCode.OK, StatusCode.Internal]),
    };

    public static TheoryData<string> Names => [.. Broken.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_broken_message_is_answered_with_a_status(string name)
    {
        var (path, body, headers, statuses) = Broken[name];
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        await client.SendHeadersAsync(1, path, headers);
        await client.SendAsync(FrameType.Data, RawHttp2.EndStream, 1, body);
        var frames = await client.ReadUntilAsync(frame => frame.EndsStream || frame.Type == FrameType.ResetStream);
        Assert.DoesNotContain(frames, frame => frame.Type == FrameType.GoAway);
        Assert.Contains(frames.Select(frame => frame.Status).LastOrDefault(status => status is not null), statuses.Cast<StatusCode?>());
        await abused.AssertUnharmedAsync();
    }

    [Theory]
    [InlineData(":method", "GET")]
    [InlineData("content-type", "text/plain")]
    public async Task What_is_no_gRPC_call_is_answered_without_one(string name, string value)
    {
        await using var client = await RawHttp2.ConnectAsync(abused.Worker.Address);
        (string Name, string Value)[] fields = [(":method", "POST"), (":scheme", "http"), (":path", Tokenize), (":authority", "localhost"), ("content-type", "application/grpc")];
        await client.SendAsync(FrameType.Headers, RawHttp2.EndHeaders, 1, RawHttp2.Headers([.. fields.Select(field => field.Name == name ? (name, value) : field)]));
        await client.SendAsync(FrameType.Data, RawHttp2.EndStream, 1, RawHttp2.Message(Good));
        Assert.True((await client.ReadUntilAsync(frame => frame.EndsStream))[^1].EndsStream);
        await abused.AssertUnharmedAsync();
    }

    /// <summary>conversation → messages → … of a field that holds itself does not exist, so groups stand in for depth.</summary>
    private static byte[] Deep() => [.. Enumerable.Repeat((byte)0x0B, 1000), .. Enumerable.Repeat((byte)0x0C, 1000)];
}
