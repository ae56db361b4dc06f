using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A real web server (Kestrel) on loopback that stands in for a file server or a hub. Every request is kept for a look.</summary>
public sealed class StandInServer : IAsyncDisposable
{
    private static readonly X509Certificate2 Certificate = MakeCertificate();
    private readonly WebApplication _application;
    private readonly ConcurrentDictionary<string, RequestDelegate> _routes = new(StringComparer.Ordinal);

    private StandInServer(WebApplication application) => _application = application;

    public ConcurrentQueue<SeenRequest> Seen { get; } = new();

    public Uri Address { get; private set; } = null!;

    public static async Task<StandInServer> StartAsync(bool tls = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                if (tls)
                {
                    listen.UseHttps(Certificate);
                }
            });
        });
        var server = new StandInServer(builder.Build());
        server._application.Run(server.AnswerAsync);
        await server._application.StartAsync();
        server.Address = new Uri(server._application.Urls.Single());
        return server;
    }

    /// <summary>Trusts the certificate of the stand-in and nothing else.</summary>
    public static SocketsHttpHandler TrustingHandler() => new()
    {
        AllowAutoRedirect = false,

        // An answer that is not read to its end closes the connection at once, so that the server sees it.
        MaxResponseDrainSize = 0,
        UseCookies = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == Certificate.GetCertHashString() },
    };

    /// <summary>Answers what no route does; null says that it does not exist.</summary>
    public RequestDelegate? Otherwise { get; set; }

    public Uri At(string path) => new(Address, path);

    public Uri Serve(string path, ServedFile file) => Answer(path, file.ServeAsync);

    public Uri Redirect(string path, Uri target, int status = 302) => Answer(path, context =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = target.AbsoluteUri;
        return Task.CompletedTask;
    });

    public Uri Answer(string path, int status) => Answer(path, context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    });

    public Uri Answer(string path, RequestDelegate answer)
    {
        _routes[path] = answer;
        return At(path);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        Seen.Enqueue(new SeenRequest(
            context.Request.Method,
            path,
            context.Request.Headers.Authorization.ToString(),
            context.Request.Headers.Range.ToString(),
            context.Request.Headers.IfRange.ToString(),
            context.Request.Headers.IfMatch.ToString()));
        if ((_routes.GetValueOrDefault(path) ?? Otherwise) is { } answer)
        {
            return answer(context);
        }

        context.Response.StatusCode = 404;
        return Task.CompletedTask;
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stand-in", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
