using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A file as a web server gives it, ranges and validators included, with faults where a test wants them.</summary>
public sealed class ServedFile(byte[] content)
{
    private int _requests;

    public byte[] Content { get; set; } = content;

    public string? ETag { get; set; } = "\"v1\"";

    public DateTimeOffset? LastModified { get; set; }

    /// <summary>Gives the fault of a request, counted from 1; null serves it well.</summary>
    public Func<int, ServedFault?> Fault { get; set; } = _ => null;

    /// <summary>Completes when the client has the first so many bytes of the file: a cut connection takes with it what is still on its way.</summary>
    public Func<long, Task> Received { get; set; } = _ => Task.CompletedTask;

    public int Requests => Volatile.Read(ref _requests);

    public async Task ServeAsync(HttpContext context)
    {
        ServedFault fault = Fault(Interlocked.Increment(ref _requests)) ?? ServedFault.None;
        HttpResponse response = context.Response;
        if (IsRefused(response, fault))
        {
            return;
        }

        byte[] body = (byte[])Content.Clone();
        if (fault.CorruptAt is { } corrupt)
        {
            body[corrupt % body.Length] ^= 0x20;
        }

        if (context.Request.Headers.IfMatch is [{ } wanted] && wanted != ETag && !fault.IgnoreIfRange)
        {
            response.StatusCode = 412;
            return;
        }

        (int from, int end, bool part) = fault.IgnoreRange ? (0, body.Length, false) : Range(context.Request, fault, body.Length);
        if (!fault.IgnoreRange)
        {
            response.Headers.AcceptRanges = "bytes";
        }

        if (ETag is not null)
        {
            response.Headers.ETag = ETag;
        }

        if (LastModified is { } time)
        {
            response.Headers.LastModified = time.ToString("R", CultureInfo.InvariantCulture);
        }

        if (from >= body.Length && from > 0)
        {
            response.StatusCode = 416;
            response.Headers.ContentRange = $"bytes */{body.Length}";
            return;
        }

        if (part)
        {
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from + fault.ShiftRange}-{end - 1}/{body.Length}";
        }

        await SendAsync(context, body.AsMemory(from, end - from), from, fault);
    }

    private static bool IsRefused(HttpResponse response, ServedFault fault)
    {
        response.StatusCode = fault.Status ?? (fault.RedirectTo is null ? 200 : 307);
        if (fault.RetryAfter is { } after)
        {
            response.Headers.RetryAfter = after;
        }

        if (fault.RedirectTo is { } target)
        {
            response.Headers.Location = target.AbsoluteUri;
        }

        return response.StatusCode != 200;
    }

    private (int From, int End, bool Part) Range(HttpRequest request, ServedFault fault, int length)
    {
        if (request.GetTypedHeaders().Range?.Ranges.Single() is not { From: { } from } range)
        {
            return (0, length, false);
        }

        string? condition = request.Headers.IfRange;
        string? modified = LastModified?.ToString("R", CultureInfo.InvariantCulture);
        return condition is null || fault.IgnoreIfRange || condition == ETag || condition == modified
            ? ((int)from, (int)Math.Min(length, (range.To ?? length) + 1), true)
            : (0, length, false);
    }

    private async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> body, int from, ServedFault fault)
    {
        HttpResponse response = context.Response;
        int send = Math.Min(fault.CutAfter ?? body.Length, body.Length);
        if (!fault.Chunked)
        {
            response.ContentLength = fault.DeclareLength ?? body.Length;
            send = (int)Math.Min(send, response.ContentLength.Value);
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        if (fault.DelayMilliseconds > 0)
        {
            await response.Body.WriteAsync(body[..(send / 2)]);
            await response.Body.FlushAsync();
            await Task.Delay(fault.DelayMilliseconds);
            await response.Body.WriteAsync(body[(send / 2)..send]);
        }
        else
        {
            await response.Body.WriteAsync(body[..send]);
        }

        await response.Body.FlushAsync();
        if (fault.Stall)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        if (fault.CutAfter is not null || send < response.ContentLength)
        {
            await Task.WhenAny(Received(from + send), Task.Delay(TimeSpan.FromSeconds(10), context.RequestAborted));
            context.Abort();
        }
    }
}
