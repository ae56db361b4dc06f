using System.Net;
using System.Text;
using FleetOps.ControllerRuntime.Apply;
using k8s;

namespace FleetOps.ControllerRuntime.Tests.Stubs;

/// <summary>Answers requests by script, for what a real API server will not do on demand. Everything else is tested on a real one.</summary>
internal sealed class StubApi : DelegatingHandler
{
    private readonly Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> _answer;

    public StubApi(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) => _answer = answer;

    public static KubeApi Connect(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer, TimeProvider? time = null, KubeApiOptions? options = null) =>
        new(new Kubernetes(new KubernetesClientConfiguration { Host = "http://stub.invalid" }, new StubApi(answer)), options, time);

    public static HttpResponseMessage Json(string body, HttpStatusCode code = HttpStatusCode.OK) =>
        new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Status(HttpStatusCode code, string reason, string message = "by script") =>
        Json($$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{(int)code}},"reason":"{{reason}}","message":"{{message}}"}""", code);

    /// <summary>A watch that sends these lines and then ends, hangs or breaks.</summary>
    public static HttpResponseMessage Watch(Stream stream) => new(HttpStatusCode.OK) { Content = new StreamContent(stream) };

    public static string Version(int minor) => $$"""{"major":"1","minor":"{{minor}}+"}""";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answer(request, cancellationToken);
}
