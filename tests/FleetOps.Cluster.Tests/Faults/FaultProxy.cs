using System.Net;
using FleetOps.TestCluster;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FleetOps.Cluster.Tests.Faults;

/// <summary>Stands between the operator and the API server, passes requests and watches on, and harms them as scheduled.</summary>
internal sealed class FaultProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Kubernetes _upstream;
    private readonly FaultSchedule _schedule;
    private CancellationTokenSource _storm = new();
    private int _expired;

    private FaultProxy(WebApplication app, Kubernetes upstream, FaultSchedule schedule)
    {
        _app = app;
        _upstream = upstream;
        _schedule = schedule;
    }

    /// <summary>How one connects through this proxy; it has the rights of an administrator.</summary>
    public KubernetesClientConfiguration Configuration => new()
    {
        Host = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(),
    };

    /// <summary>While true every connection is cut at once.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Answers of the server that said "too old": 410, or the error of a watch.</summary>
    public int Expired => _expired;

    public static async Task<FaultProxy> StartAsync(ApiServer server, FaultSchedule schedule)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var proxy = new FaultProxy(builder.Build(), new Kubernetes(server.CreateConfiguration()), schedule);
        proxy._app.Run(proxy.HandleAsync);
        await proxy._app.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }

    /// <summary>Cuts everything that is open, and what comes until <see cref="Open"/>.</summary>
    public async Task CloseAsync()
    {
        IsClosed = true;
        await CutAsync();
    }

    public void Open() => IsClosed = false;

    /// <summary>Begins with the faults, and with those watches that are open already.</summary>
    public async Task StormAsync()
    {
        _schedule.IsActive = true;
        await CutAsync();
    }

    /// <summary>Ends all faults, held answers too.</summary>
    public async Task CalmAsync()
    {
        _schedule.IsActive = false;
        await CutAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _upstream.Dispose();
        _storm.Dispose();
    }

    private async Task CutAsync()
    {
        using var over = Interlocked.Exchange(ref _storm, new CancellationTokenSource());
        await over.CancelAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(_storm.Token, context.RequestAborted);
        if (IsClosed)
        {
            context.Abort();
            return;
        }

        try
        {
            await HandleAsync(context, ends);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            // The server is gone, or the connection is to be: the client sees a broken connection either way.
            context.Abort();
        }
    }

    private async Task HandleAsync(HttpContext context, CancellationTokenSource ends)
    {
        var isWatch = context.Request.Query.ContainsKey("watch");
        var fault = _schedule.Next(isWatch);
        if (isWatch && _schedule.IsActive)
        {
            ends.CancelAfter(_schedule.Between(50, 4000));
        }

        switch (fault)
        {
            case Fault.InternalError:
                await RefuseAsync(context, HttpStatusCode.InternalServerError, "InternalError");
                return;
            case Fault.Unavailable:
                await RefuseAsync(context, HttpStatusCode.ServiceUnavailable, "ServiceUnavailable");
                return;
            case Fault.TooManyRequests:
                context.Response.Headers.RetryAfter = "1";
                await RefuseAsync(context, HttpStatusCode.TooManyRequests, "TooManyRequests");
                return;
            case Fault.Delay:
                await Task.Delay(_schedule.Between(20, 500), ends.Token);
                break;
        }

        using var request = await RequestAsync(context, ends.Token);
        using var answer = await _upstream.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ends.Token);
        if (fault == Fault.HeldAnswer)
        {
            await Task.Delay(Timeout.Infinite, ends.Token);
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        CountExpired(answer.StatusCode == HttpStatusCode.Gone);
        if (isWatch)
        {
            await StreamAsync(context, answer, ends.Token);
            return;
        }

        var body = await answer.Content.ReadAsByteArrayAsync(ends.Token);
        var whole = fault != Fault.CutAnswer;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body.AsMemory(0, whole ? body.Length : body.Length / 2), ends.Token);
        if (!whole)
        {
            await context.Response.Body.FlushAsync(ends.Token);
            context.Abort();
        }
    }

    private async Task StreamAsync(HttpContext context, HttpResponseMessage answer, CancellationToken ends)
    {
        await context.Response.StartAsync(ends);
        await context.Response.Body.FlushAsync(ends);
        var buffer = new byte[16384];
        await using var events = await answer.Content.ReadAsStreamAsync(ends);
        try
        {
            while (await events.ReadAsync(buffer, ends) is var read and > 0)
            {
                CountExpired(buffer.AsSpan(0, read).IndexOf("\"code\":410"u8) >= 0);
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), ends);
                await context.Response.Body.FlushAsync(ends);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync("""{"type":"MODIFIED","obj"""u8.ToArray(), CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
            context.Abort();
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(HttpContext context, CancellationToken cancel)
    {
        var from = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(from.Method), new Uri(_upstream.BaseUri, $"{from.Path}{from.QueryString}"));
        request.Headers.TryAddWithoutValidation("Accept", from.Headers.Accept.ToString());
        request.Headers.TryAddWithoutValidation("User-Agent", from.Headers.UserAgent.ToString());
        if (from.ContentType is { } type)
        {
            using var body = new MemoryStream();
            await from.Body.CopyToAsync(body, cancel);
            request.Content = new ByteArrayContent(body.ToArray());
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return request;
    }

    private void CountExpired(bool isExpired)
    {
        if (isExpired)
        {
            Interlocked.Increment(ref _expired);
        }
    }

    private static Task RefuseAsync(HttpContext context, HttpStatusCode code, string reason)
    {
        context.Response.StatusCode = (int)code;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{(int)code}},"reason":"{{reason}}","message":"by schedule"}""");
    }
}
