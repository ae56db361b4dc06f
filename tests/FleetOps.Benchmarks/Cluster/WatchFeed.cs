using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text.Json;
using FleetOps.Benchmarks.Reports;

namespace FleetOps.Benchmarks.Cluster;

/// <summary>Hands on each change to a collection as it arrives, from a moment on.</summary>
internal sealed class WatchFeed : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _reading;
    private string _version;

    private WatchFeed(ApiClient api, string path, string accept, string version, Action<WatchedChange> changed)
    {
        _version = version;
        _reading = Task.Run(() => ReadForEverAsync(api, path, accept, changed));
    }

    /// <summary>Starts after what is there now.</summary>
    /// <param name="api">The server.</param>
    /// <param name="path">Path of the collection.</param>
    /// <param name="accept">Media type of the objects.</param>
    /// <param name="changed">Called for one change at a time; the change is gone when it returns.</param>
    /// <param name="cancel">Gives up starting.</param>
    public static async Task<WatchFeed> StartAsync(ApiClient api, string path, string accept, Action<WatchedChange> changed, CancellationToken cancel)
    {
        var list = await api.GetAsync($"{path}?limit=1", cancel);
        return new(api, path, accept, (string)list["metadata"]!["resourceVersion"]!, changed);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _stop.Dispose();
    }

    private async Task ReadForEverAsync(ApiClient api, string path, string accept, Action<WatchedChange> changed)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var answer = await api.OpenAsync($"{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=7200&resourceVersion={_version}", accept, _stop.Token);
                var reader = PipeReader.Create(await answer.Content.ReadAsStreamAsync(_stop.Token), new StreamPipeReaderOptions(bufferSize: 64 * 1024));
                await ReadAsync(reader, changed);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Progress.Say($"the watch of {path} broke and is begun again: {e.Message}");
                await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
            }
        }
    }

    private async Task ReadAsync(PipeReader reader, Action<WatchedChange> changed)
    {
        while (true)
        {
            var read = await reader.ReadAsync(_stop.Token);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                Deliver(buffer.Slice(0, end), changed);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private void Deliver(ReadOnlySequence<byte> line, Action<WatchedChange> changed)
    {
        var at = Stopwatch.GetTimestamp();
        using var document = JsonDocument.Parse(line);
        var type = document.RootElement.GetProperty("type").GetString()!;
        var entity = document.RootElement.GetProperty("object");
        if (type == "ERROR")
        {
            throw new InvalidOperationException(entity.ToString());
        }

        var metadata = entity.GetProperty("metadata");
        _version = metadata.GetProperty("resourceVersion").GetString()!;
        if (type != "BOOKMARK")
        {
            changed(new(type, metadata.GetProperty("namespace").GetString()!, metadata.GetProperty("name").GetString()!, entity, at));
        }
    }
}
