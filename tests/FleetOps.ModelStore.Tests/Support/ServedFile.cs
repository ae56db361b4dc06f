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
        if (fault.Status is { } status)
        {
            response.StatusCode = status;
            if (fault.RetryAfter is { } after)
            {
                response.Headers.RetryAfter = after;
            }

            return;
        }

        byte[] body = (byte[])Content.Clone();
        if (fault.CorruptAt is { } corrupt)
        {
            body[corrupt % body.Length] ^= 0x20;
        }

        int from = fault.IgnoreRange ? 0 : Start(context.Request, fault);
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

        if (from > 0)
        {
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from + fault.ShiftRange}-{body.Length - 1}/{body.Length}";
        }

        await SendAsync(context, body.AsMemory(from), from, fault);
    }

    private int Start(HttpRequest request, ServedFault fault)
    {
        if (request.GetTypedHeaders().Range?.Ranges.Single().From is not { } from)
        {
            return 0;
        }

        string? condition = request.Headers.IfRange;
        string? modified = LastModified?.ToString("R", CultureInfo.InvariantCulture);
        return condition is null || fault.IgnoreIfRange || condition == ETag || condition == modified ? (int)from : 0;
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

        await response.Body.WriteAsync(body[..send]);
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
