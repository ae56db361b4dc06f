using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A web server that gives the files of one model, whole or in ranges, and remembers what it was asked for.</summary>
internal sealed class RangeSource : IAsyncDisposable
{
    private readonly HttpSource _server;
    private readonly ConcurrentQueue<string> _ranges;

    private RangeSource(HttpSource server, string name, ConcurrentQueue<string> ranges, string sha256)
    {
        (_server, _ranges, Sha256) = (server, ranges, sha256);
        Address = $"{server.Address}{name}";
    }

    /// <summary>Where the model is: its first file.</summary>
    public string Address { get; }

    /// <summary>Its digest.</summary>
    public string Sha256 { get; }

    /// <summary>The ranges that were asked for, in their order; empty for a whole file.</summary>
    public IReadOnlyList<string> Ranges => [.. _ranges];

    /// <summary>Starts it.</summary>
    /// <param name="path">The file, or the first of a split model.</param>
    /// <param name="knowsRanges">Whether it gives ranges; else it answers with the whole file.</param>
    /// <param name="download">What answers with the whole file wait for.</param>
    public static async Task<RangeSource> StartAsync(string path, bool knowsRanges = true, Task? download = null)
    {
        var folder = Path.GetDirectoryName(path)!;
        string[] paths = path.Contains("-00001-of-", StringComparison.Ordinal) ? [.. Directory.GetFiles(folder, Path.GetFileName(path).Replace("-00001-", "-*-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)] : [path];
        var files = paths.ToDictionary(static file => Path.GetFileName(file), File.ReadAllBytes, StringComparer.Ordinal);
        var ranges = new ConcurrentQueue<string>();
        var server = await HttpSource.StartAsync(async context =>
        {
            var bytes = files[context.Request.Path.Value!.TrimStart('/')];
            if (HttpMethods.IsHead(context.Request.Method))
            {
                context.Response.ContentLength = bytes.Length;
                return;
            }

            var header = context.Request.GetTypedHeaders().Range;
            ranges.Enqueue(header?.ToString() ?? "");
            var asked = knowsRanges ? header?.Ranges.Single() : null;
            if (asked is null && header is null)
            {
                await (download ?? Task.CompletedTask).WaitAsync(context.RequestAborted);
            }

            var from = (int)(asked?.From ?? 0);
            var to = (int)Math.Min(asked?.To ?? bytes.Length - 1, bytes.Length - 1);
            context.Response.StatusCode = asked is null ? StatusCodes.Status200OK : StatusCodes.Status206PartialContent;
            if (asked is not null)
            {
                context.Response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(from, to, bytes.Length);
            }

            context.Response.ContentLength = to - from + 1;
            try
            {
                await context.Response.Body.WriteAsync(bytes.AsMemory(from, to - from + 1), context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // Who wanted the header has it, and went.
            }
        });
        string[] digests = [.. paths.Select(file => Digest(files[Path.GetFileName(file)]))];
        return new RangeSource(server, Path.GetFileName(path), ranges, digests.Length == 1 ? digests[0] : Digest(Encoding.ASCII.GetBytes(string.Concat(digests.Select(static digest => digest + "\n")))));
    }

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
