using FleetOps.InferenceWorker.State;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Tells over HTTP how far a fetch is, in the words of a worker that serves.</summary>
internal static class FetchHost
{
    /// <summary>Starts to listen; the caller disposes what it gets.</summary>
    /// <param name="port">Port of <c>GET /state</c>; 0 takes a free one.</param>
    /// <param name="state">What is told.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="WorkerFailedException">The port cannot be listened on.</exception>
    public static async Task<WebApplication> StartAsync(int port, WorkerState state, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "fleetops-worker" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenAnyIP(port));
        var app = builder.Build();
        app.Run(context =>
        {
            if (context.Request.Path != "/state")
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }

            return context.Response.WriteAsJsonAsync(state.Describe(0, 0), StateJson.Readable.StateDocument, contentType: null, context.RequestAborted);
        });
        try
        {
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (IOException exception)
        {
            await app.DisposeAsync();
            throw new WorkerFailedException(
                FailureReason.InvalidConfiguration, $"The port {port} cannot be listened on: {exception.Message} Free it, or choose another with --state-port.", exception);
        }
    }
}
