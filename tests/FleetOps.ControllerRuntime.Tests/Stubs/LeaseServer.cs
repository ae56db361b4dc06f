using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using FleetOps.ControllerRuntime.Apply;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>One Lease, fenced by resource versions and strict about MicroTime, behind a connection that fails as told.</summary>
internal sealed partial class LeaseServer
{
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private V1Lease? _lease;
    private int _version;

    public LeaseServer(TimeProvider time) => _time = time;

    /// <summary>Called before each request; may throw or wait.</summary>
    public Func<HttpRequestMessage, CancellationToken, Task> Fault { get; set; } = (_, _) => Task.CompletedTask;

    public int Requests { get; private set; }

    public int Writes { get; private set; }

    public V1Lease? Lease
    {
        get
        {
            lock (_gate)
            {
                return _lease;
            }
        }

        set
        {
            lock (_gate)
            {
                _lease = value;
                _lease?.Metadata.ResourceVersion = $"{++_version}";
            }
        }
    }

    public KubeApi Connect() => StubApi.Connect(
        async (request, token) =>
        {
            Requests++;
            await Fault(request, token);
            return await AnswerAsync(request);
        },
        _time);

    [GeneratedRegex("""^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"$""", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MicroTime();

    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request)
    {
        if (request.Method == HttpMethod.Get)
        {
            return Lease is { } lease ? Reply(lease) : StubApi.Status(HttpStatusCode.NotFound, "NotFound");
        }

        var body = await request.Content!.ReadAsByteArrayAsync();
        using (var document = JsonDocument.Parse(body))
        {
            foreach (var field in new[] { "acquireTime", "renewTime" })
            {
                if (document.RootElement.GetProperty("spec").TryGetProperty(field, out var time) && !MicroTime().IsMatch(time.GetRawText()))
                {
                    return StubApi.Status(HttpStatusCode.BadRequest, "BadRequest", $"{field} is no MicroTime");
                }
            }
        }

        var written = JsonSerializer.Deserialize(body, BuiltInTypes.Leases.Json)!;
        lock (_gate)
        {
            var isCreate = request.Method == HttpMethod.Post;
            if (isCreate ? _lease is not null : written.Metadata.ResourceVersion != _lease?.Metadata.ResourceVersion)
            {
                return StubApi.Status(HttpStatusCode.Conflict, isCreate ? "AlreadyExists" : "Conflict");
            }

            written.Metadata.ResourceVersion = $"{++_version}";
            written.Metadata.Uid = "lease";
            _lease = written;
            Writes++;
            return Reply(written);
        }
    }

    private static HttpResponseMessage Reply(V1Lease lease) => StubApi.Json(JsonSerializer.Serialize(lease, BuiltInTypes.Leases.Json));
}
