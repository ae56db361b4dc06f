using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>Requests to the API server, under the names of client-go.</summary>
internal sealed class RestClientMetrics
{
    private readonly Counter<long>? _requests;
    private readonly Histogram<double>? _duration;

    public RestClientMetrics(IMeterFactory? meters)
    {
        var meter = meters?.Create(RuntimeMeter.Name);
        _requests = meter?.CreateCounter<long>("rest_client_requests_total", description: "Requests to the API server by code, method and host.");
        _duration = meter?.CreateHistogram(
            "rest_client_request_duration_seconds",
            description: "Time until the headers of the answer.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.005, .025, .1, .25, .5, 1, 2, 4, 8, 15, 30, 60] });
    }

    public void Answered(HttpMethod method, Uri uri, HttpStatusCode code, TimeSpan duration) =>
        Record(method, uri, ((int)code).ToString(CultureInfo.InvariantCulture), duration);

    /// <summary>No answer came; client-go counts these under the code <c>&lt;error&gt;</c>.</summary>
    public void Failed(HttpMethod method, Uri uri, TimeSpan duration) => Record(method, uri, "<error>", duration);

    private void Record(HttpMethod method, Uri uri, string code, TimeSpan duration)
    {
        var tags = new TagList { { "code", code }, { "method", method.Method }, { "host", uri.Authority } };
        _requests?.Add(1, tags);
        _duration?.Record(duration.TotalSeconds, new TagList { { "verb", method.Method }, { "host", uri.Authority } });
    }
}
