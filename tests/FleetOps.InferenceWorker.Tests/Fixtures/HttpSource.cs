using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A web server that models are fetched from.</summary>
internal sealed class HttpSource : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HttpSource(WebApplication app) => _app = app;

    /// <summary>Where it listens, with a slash at the end.</summary>
    public Uri Address => new(_app.Urls.Single());

    public static async Task<HttpSource> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new HttpSource(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
