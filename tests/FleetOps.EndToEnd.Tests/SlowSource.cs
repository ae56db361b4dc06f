using System.Net;

namespace FleetOps.EndToEnd.Tests;

/// <summary>A web server that hands out a file so slowly that a worker is fetching it for as long as the test lasts.</summary>
internal sealed class SlowSource : IAsyncDisposable
{
    private const int PieceBytes = 256;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly HttpListener _listener;
    private readonly byte[] _file;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    private SlowSource(HttpListener listener, string address, byte[] file)
    {
        (_listener, _file, Address) = (listener, file, new($"http://{address}/model.gguf"));
        _serving = ServeAsync();
    }

    /// <summary>Where pods find the file.</summary>
    public Uri Address { get; }

    /// <summary>Starts it where the pods of the local cluster reach this machine: on the machine's end of the link to the node.</summary>
    public static async Task<SlowSource> StartAsync(string file)
    {
        var number = (await File.ReadAllTextAsync(Repository.File(".local", "number"))).Trim();
        var (listener, address) = Listeners.Open($"10.242.{number}.1");
        return new(listener, address, await File.ReadAllBytesAsync(file));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Close();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var answers = new List<Task>();
        while (await Listeners.NextAsync(_listener) is { } context)
        {
            answers.Add(AnswerAsync(context.Request, context.Response));
        }

        await Task.WhenAll(answers);
    }

    private async Task AnswerAsync(HttpListenerRequest request, HttpListenerResponse response)
    {
        try
        {
            response.ContentLength64 = _file.Length;
            for (var sent = 0; request.HttpMethod == "GET" && sent < _file.Length; sent += PieceBytes)
            {
                await response.OutputStream.WriteAsync(_file.AsMemory(sent, Math.Min(PieceBytes, _file.Length - sent)), _stop.Token);
                await response.OutputStream.FlushAsync(_stop.Token);
                await Task.Delay(Pause, _stop.Token);
            }

            response.Close();
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpListenerException or ObjectDisposedException or IOException)
        {
            response.Abort();
        }
    }
}
