using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FleetOps.Benchmarks.Weights;

/// <summary>A web server on loopback that makes a model of any size while it is sent, ranges included. It shares a process with the benchmark.</summary>
internal sealed class WeightServer : IAsyncDisposable
{
    private const uint Magic = 0x46554747;
    private const uint Version = 3;
    private const uint Text = 8;
    private const uint Int8 = 24;
    private const int Alignment = 32;
    private readonly WebApplication _application;
    private readonly byte[] _head;
    private readonly byte[] _block = new byte[1 << 20];

    private WeightServer(WebApplication application, long tensorBytes)
    {
        _application = application;
        _head = Head(tensorBytes);
        SizeBytes = _head.Length + tensorBytes;
        new Random(1).NextBytes(_block);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_head);
        for (long hashed = 0; hashed < tensorBytes; hashed += _block.Length)
        {
            hash.AppendData(_block);
        }

        Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Size of the model in bytes.</summary>
    public long SizeBytes { get; }

    /// <summary>Its digest.</summary>
    public string Sha256 { get; }

    /// <summary>Its address.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Starts it.</summary>
    /// <param name="mebibytes">Size of the weights.</param>
    public static async Task<WeightServer> StartAsync(long mebibytes)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0);
        });
        var server = new WeightServer(builder.Build(), mebibytes << 20);
        server._application.Run(server.SendAsync);
        await server._application.StartAsync();
        server.Address = server._application.Urls.Single() + "/model.gguf";
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task SendAsync(HttpContext context)
    {
        var response = context.Response;
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = "\"weights\"";
        long from = 0;
        var end = SizeBytes;
        if (context.Request.GetTypedHeaders().Range?.Ranges.SingleOrDefault() is { From: { } first } range)
        {
            from = first;
            end = Math.Min(SizeBytes, (range.To ?? SizeBytes - 1) + 1);
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{end - 1}/{SizeBytes}");
        }

        response.ContentLength = end - from;
        while (from < end && !context.RequestAborted.IsCancellationRequested)
        {
            var at = from < _head.Length ? (int)from : (int)((from - _head.Length) % _block.Length);
            var source = from < _head.Length ? _head : _block;
            var count = (int)Math.Min(end - from, source.Length - at);
            await response.Body.WriteAsync(source.AsMemory(at, count));
            from += count;
        }
    }

    private static byte[] Head(long tensorBytes)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(1UL);
        writer.Write(1UL);
        Write("general.architecture");
        writer.Write(Text);
        Write("llama");
        Write("t");
        writer.Write(1U);
        writer.Write(tensorBytes);
        writer.Write(Int8);
        writer.Write(0UL);
        writer.Write(new byte[(Alignment - stream.Length % Alignment) % Alignment]);
        return stream.ToArray();

        void Write(string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(Encoding.UTF8.GetBytes(text));
        }
    }
}
