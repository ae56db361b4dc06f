using System.Globalization;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>A frame of HTTP/2 that the worker sent.</summary>
internal sealed record RawFrame(FrameType Type, byte Flags, int Stream, byte[] Payload)
{
    public override string ToString() => $"{Type} on {Stream}, {Payload.Length} bytes: {Convert.ToHexString(Payload.AsSpan(0, Math.Min(Payload.Length, 64)))}";

    /// <summary>The error code of RST_STREAM and GOAWAY.</summary>
    public int ErrorCode => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Type == FrameType.GoAway ? Payload.AsSpan(4) : Payload);

    /// <summary>
    /// The gRPC status in a block of headers; null if there is none. On a new connection Kestrel writes names and values out,
    /// neither Huffman-coded nor as references to earlier ones.
    /// </summary>
    public StatusCode? Status
    {
        get
        {
            var at = Type == FrameType.Headers ? Payload.AsSpan().IndexOf("grpc-status"u8) : -1;
            if (at < 0)
            {
                return null;
            }

            var value = at + "grpc-status".Length + 1;
            return (StatusCode)int.Parse(Payload.AsSpan(value, Payload[value - 1]), CultureInfo.InvariantCulture);
        }
    }

    public bool EndsStream => Type is FrameType.Data or FrameType.Headers && (Flags & 1) != 0;
}
