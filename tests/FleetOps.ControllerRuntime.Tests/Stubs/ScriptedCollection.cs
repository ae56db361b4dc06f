using System.Collections.Concurrent;
using System.Net;
using FleetOps.ControllerRuntime.Apply;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>A collection whose lists and watches are answered one after the other from scripts; a watch without script hangs.</summary>
internal sealed class ScriptedCollection
{
    private readonly Queue<Func<HttpResponseMessage>> _lists = new();
    private readonly Queue<Func<HttpResponseMessage>> _watches = new();
    private readonly Lock _gate = new();

    public ScriptedCollection(TimeProvider? time = null, int minor = 35) =>
        Api = StubApi.Connect((request, token) => Task.FromResult(Answer(request, minor)), time);

    public KubeApi Api { get; }

    public ConcurrentQueue<string> Requests { get; } = new();

    public ScriptedCollection List(string items, int version, string next = "") =>
        List(() => StubApi.Json($$"""{"kind":"ConfigMapList","metadata":{"resourceVersion":"{{version}}","continue":"{{next}}"},"items":[{{items}}]}"""));

    public ScriptedCollection List(Func<HttpResponseMessage> answer)
    {
        lock (_gate)
        {
            _lists.Enqueue(answer);
        }

        return this;
    }

    public ScriptedCollection Watch(WatchScript script) => Watch(() => StubApi.Watch(script.Stream));

    public ScriptedCollection Watch(Func<HttpResponseMessage> answer)
    {
        lock (_gate)
        {
            _watches.Enqueue(answer);
        }

        return this;
    }

    public static string Item(string name, int version, string data = "{}") =>
        $$"""{"metadata":{"name":"{{name}}","namespace":"ns","uid":"uid-{{name}}","resourceVersion":"{{version}}"},"data":{{data}}}""";

    private HttpResponseMessage Answer(HttpRequestMessage request, int minor)
    {
        var path = request.RequestUri!.PathAndQuery;
        if (path == "/version")
        {
            return StubApi.Json(StubApi.Version(minor));
        }

        Requests.Enqueue(path);
        lock (_gate)
        {
            if (path.Contains("watch=true", StringComparison.Ordinal))
            {
                return _watches.TryDequeue(out var watch) ? watch() : StubApi.Watch(new WatchScript().Stream);
            }

            return _lists.TryDequeue(out var list) ? list() : StubApi.Status(HttpStatusCode.ServiceUnavailable, "ServiceUnavailable", "no list is scripted");
        }
    }
}
