using System.Net;
using FleetOps.ControllerRuntime.Apply;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>A collection with a history, whose watches can be broken and whose past can be forgotten at any moment.</summary>
internal sealed class ModelCollection
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _objects = new(StringComparer.Ordinal);
    private readonly List<(int Version, string Line)> _history = [];
    private WatchScript? _watch;
    private int _version = 1;
    private int _forgotten;

    public ModelCollection() => Api = StubApi.Connect((request, _) => Task.FromResult(Answer(request)));

    public KubeApi Api { get; }

    /// <summary>The true state: versions by name.</summary>
    public IReadOnlyDictionary<string, int> Objects
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, int>(_objects, StringComparer.Ordinal);
            }
        }
    }

    /// <returns>The version that the write made.</returns>
    public int Write(string name)
    {
        lock (_gate)
        {
            var type = _objects.ContainsKey(name) ? "MODIFIED" : "ADDED";
            _objects[name] = ++_version;
            Record(WatchScript.ConfigMap(type, name, _version));
            return _version;
        }
    }

    public void Delete(string name)
    {
        lock (_gate)
        {
            if (_objects.Remove(name))
            {
                Record(WatchScript.ConfigMap("DELETED", name, ++_version));
            }
        }
    }

    public void Bookmark()
    {
        lock (_gate)
        {
            _watch?.Send(WatchScript.Bookmark(_version));
        }
    }

    /// <summary>Breaks the open watch in the middle of a line.</summary>
    public void Break()
    {
        lock (_gate)
        {
            _watch?.SendRaw("""{"type":"ADDED","obj""").Break();
            _watch = null;
        }
    }

    /// <summary>Forgets the history, as a compaction of etcd does.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _forgotten = _version;
            _history.Clear();
        }
    }

    private void Record(string line)
    {
        _history.Add((_version, line));
        _watch?.Send(line);
    }

    private HttpResponseMessage Answer(HttpRequestMessage request)
    {
        lock (_gate)
        {
            if (request.RequestUri!.AbsolutePath == "/version")
            {
                return StubApi.Json(StubApi.Version(20));
            }

            var query = request.RequestUri.Query.TrimStart('?').Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
            if (!query.ContainsKey("watch"))
            {
                var items = _objects.Select(pair => ScriptedCollection.Item(pair.Key, pair.Value));
                return StubApi.Json($$"""{"metadata":{"resourceVersion":"{{_version}}"},"items":[{{string.Join(',', items)}}]}""");
            }

            var from = int.Parse(query["resourceVersion"], System.Globalization.CultureInfo.InvariantCulture);
            if (from < _forgotten)
            {
                return StubApi.Status(HttpStatusCode.Gone, "Expired");
            }

            _watch = new WatchScript().Send(_history.Where(past => past.Version > from).Select(past => past.Line));
            return StubApi.Watch(_watch.Stream);
        }
    }
}
