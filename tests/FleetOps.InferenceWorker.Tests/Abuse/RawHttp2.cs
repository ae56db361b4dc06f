using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>A client that writes whatever frames a test wants, and answers nothing by itself.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    public const byte EndStream = 0x1;
    public const byte EndHeaders = 0x4;
    public const byte Acknowledge = 0x1;

    private readonly TcpClient _socket = new();
    private NetworkStream _stream = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Connects, and sends the preface with empty settings unless a test wants to begin otherwise.</summary>
    public static async Task<RawHttp2> ConnectAsync(Uri address, bool preface = true)
    {
        var client = new RawHttp2();
        await client._socket.ConnectAsync(IPAddress.Loopback, address.Port, Cancellation);
        client._socket.NoDelay = true;
        client._stream = client._socket.GetStream();
        if (preface)
        {
            await client.SendRawAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
            await client.SendAsync(FrameType.Settings, 0, 0, []);
        }

        return client;
    }

    public Task SendAsync(FrameType type, byte flags, int stream, byte[] payload) => SendRawAsync(Frame(type, flags, stream, payload));

    /// <summary>Writes bytes as they are; a worker that has closed the connection makes no failure of it.</summary>
    public async Task SendRawAsync(byte[] bytes)
    {
        try
        {
            await _stream.WriteAsync(bytes, Cancellation);
        }
        catch (IOException)
        {
            // Closed by the worker: what it said before is still to be read.
        }
    }

    /// <summary>Sends one after the other until the worker closes the connection or reads no more.</summary>
    public async Task SendUntilRefusedAsync(IEnumerable<byte[]> frames, CancellationToken enough)
    {
        try
        {
            foreach (var frame in frames)
            {
                await _stream.WriteAsync(frame, enough);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // Either answer is a good one.
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void CloseSending() => _socket.Client.Shutdown(SocketShutdown.Send);

    /// <summary>Opens a call; the message follows in DATA.</summary>
    public Task SendHeadersAsync(int stream, string path, params (string Name, string Value)[] more) =>
        SendAsync(FrameType.Headers, EndHeaders, stream, GrpcHeaders(path, more));

    /// <summary>Reads frames until one matches or the connection ends.</summary>
    public async Task<IReadOnlyList<RawFrame>> ReadUntilAsync(Func<RawFrame, bool> last)
    {
        var frames = new List<RawFrame>();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(TimeSpan.FromMinutes(2));
        var header = new byte[9];
        try
        {
            while (frames.Count == 0 || !last(frames[^1]))
            {
                await _stream.ReadExactlyAsync(header, bound.Token);
                var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
                await _stream.ReadExactlyAsync(payload, bound.Token);
                frames.Add(new RawFrame((FrameType)header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)) & int.MaxValue, payload));
            }
        }
        catch (Exception exception) when (exception is IOException or EndOfStreamException)
        {
            // The end of the connection ends the reading.
        }
        catch (OperationCanceledException) when (!Cancellation.IsCancellationRequested)
        {
            Assert.Fail($"The worker neither answered nor closed the connection within two minutes; it sent {string.Join(", ", frames.Select(frame => frame.Type))}.");
        }

        return frames;
    }

    /// <summary>Reads until the worker closes the connection.</summary>
    public Task<IReadOnlyList<RawFrame>> ReadToEndAsync() => ReadUntilAsync(_ => false);

    public static byte[] Frame(FrameType type, byte flags, int stream, byte[] payload, int? length = null)
    {
        var frame = new byte[9 + payload.Length];
        var told = length ?? payload.Length;
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(told >> 16), (byte)(told >> 8), (byte)told, (byte)type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>A gRPC message with its prefix of five bytes.</summary>
    public static byte[] Message(byte[] payload, byte compressed = 0, int? length = null)
    {
        var message = new byte[5 + payload.Length];
        message[0] = compressed;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), length ?? payload.Length);
        payload.CopyTo(message, 5);
        return message;
    }

    public static byte[] GrpcHeaders(string path, params (string Name, string Value)[] more) =>
        Headers([(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers"), .. more]);

    /// <summary>A header block of literal fields without indexing (RFC 7541, section 6.2.2).</summary>
    public static byte[] Headers(params (string Name, string Value)[] fields)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void WriteText(MemoryStream block, string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var rest = bytes.Length;
        if (rest < 127)
        {
            block.WriteByte((byte)rest);
        }
        else
        {
            block.WriteByte(127);
            for (rest -= 127; rest >= 128; rest >>= 7)
            {
                block.WriteByte((byte)(rest | 128));
            }

            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }
}
