using System.IO.Pipelines;
using System.Text;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>The server's end of one watch.</summary>
internal sealed class WatchScript
{
    // Without a bound: a whole history is sent before anyone reads.
    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
    private volatile bool _broken;

    public Stream Stream => new BreakableStream(_pipe.Reader.AsStream(), this);

    public static string ConfigMap(string type, string name, int version, string data = "{}") =>
        $$$"""{"type":"{{{type}}}","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"ns","uid":"uid-{{{name}}}","resourceVersion":"{{{version}}}"},"data":{{{data}}} }}""";

    public static string Bookmark(int version, bool end = false)
    {
        var annotations = end ? ""","annotations":{"k8s.io/initial-events-end":"true"}""" : "";
        return $$$"""{"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"{{{annotations}}} } } }""";
    }

    public static string Expired() =>
        """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""";

    public WatchScript Send(params IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            SendRaw(line + "\n");
        }

        return this;
    }

    public WatchScript SendRaw(string text)
    {
        _pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask().GetAwaiter().GetResult();
        return this;
    }

    /// <summary>The server ends the watch, as it does at its time limit.</summary>
    public WatchScript End()
    {
        _pipe.Writer.Complete();
        return this;
    }

    /// <summary>The connection breaks after what was sent.</summary>
    public WatchScript Break()
    {
        _broken = true;
        return End();
    }

    private sealed class BreakableStream(Stream inner, WatchScript script) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            return read == 0 && script._broken ? throw new IOException("connection reset by script") : read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
