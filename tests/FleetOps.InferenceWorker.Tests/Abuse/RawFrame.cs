namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>A frame of HTTP/2 that the worker sent.</summary>
internal sealed record RawFrame(FrameType Type, byte Flags, int Stream, byte[] Payload)
{
    /// <summary>The error code of RST_STREAM and GOAWAY.</summary>
    public int ErrorCode => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(Type == FrameType.GoAway ? Payload.AsSpan(4) : Payload);

    public bool EndsStream => Type is FrameType.Data or FrameType.Headers && (Flags & 1) != 0;
}
