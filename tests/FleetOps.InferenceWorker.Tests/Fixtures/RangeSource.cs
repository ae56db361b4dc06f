using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A web server that gives one file, whole or in ranges, and remembers what it was asked for.</summary>
internal sealed class RangeSource : IAsyncDisposable
{
    private readonly HttpSource _server;
    private readonly ConcurrentQueue<string> _ranges;

    private RangeSource(HttpSource server, ConcurrentQueue<string> ranges, string sha256) => (_server, _ranges, Sha256) = (server, ranges, sha256);

    /// <summary>Where the file is.</summary>
    public string Address => $"{_server.Address}model.gguf";

    /// <summary>Its digest.</summary>
    public string Sha256 { get; }

    /// <summary>The ranges that were asked for, in their order; empty for the whole file.</summary>
    public IReadOnlyList<string> Ranges => [.. _ranges];

    /// <summary>Starts it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="knowsRanges">Whether it gives ranges; else it answers with the whole file.</param>
    /// <param name="download">What answers with the whole file wait for.</param>
    public static async Task<RangeSource> StartAsync(string path, bool knowsRanges = true, Task? download = null)
    {
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        var ranges = new ConcurrentQueue<string>();
        var server = await HttpSource.StartAsync(async context =>
        {
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
        return new RangeSource(server, ranges, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
