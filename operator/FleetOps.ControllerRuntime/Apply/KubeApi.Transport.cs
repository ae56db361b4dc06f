using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

public sealed partial class KubeApi
{
    private static readonly MediaTypeWithQualityHeaderValue AcceptJson = new("application/json");

    internal async Task<byte[]> SendBytesAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var limit = new RequestLimit(Options.RequestTimeout, _time, cancellationToken);
        try
        {
            using var response = await SendHeadersAsync(method, path, body, limit.Token).ConfigureAwait(false);
            return await response.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.Exceeded)
        {
            throw new TimeoutException($"{method} {path} was not answered within {Options.RequestTimeout.TotalSeconds:0.#} s.", e);
        }
    }

    /// <summary>Sends a request whose answer is read as a stream without a limit; only its headers must come in time.</summary>
    internal async Task<HttpResponseMessage> OpenStreamAsync(string path, CancellationToken cancellationToken)
    {
        using var limit = new RequestLimit(Options.RequestTimeout, _time, cancellationToken);
        try
        {
            return await SendHeadersAsync(HttpMethod.Get, path, null, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (limit.Exceeded)
        {
            throw new TimeoutException($"GET {path} was not answered within {Options.RequestTimeout.TotalSeconds:0.#} s.", e);
        }
    }

    private async Task<HttpResponseMessage> SendHeadersAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_client.BaseUri, path))
        {
            Content = body,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.Accept.Add(AcceptJson);
        if (_client.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var started = _time.GetTimestamp();
        HttpResponseMessage response;
        try
        {
            response = await _client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            _metrics.Failed(method, request.RequestUri!, _time.GetElapsedTime(started));
            throw;
        }

        _metrics.Answered(method, request.RequestUri!, response.StatusCode, _time.GetElapsedTime(started));
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ErrorAsync(response, $"{method} {path}", cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<KubeApiException> ErrorAsync(HttpResponseMessage response, string request, CancellationToken cancellationToken)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        V1Status? status = null;
        try
        {
            status = JsonSerializer.Deserialize(bytes, SourceGenerationContext.Default.V1Status);
        }
        catch (JsonException)
        {
            // Proxies and some 404 and 401 answers are plain text; the status line then has to do.
        }

        var message = status?.Message ?? System.Text.Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 512)));
        return new KubeApiException(response.StatusCode, status?.Reason ?? response.ReasonPhrase ?? "", message, request)
        {
            Details = status?.Details,
            RetryAfter = response.Headers.RetryAfter?.Delta
                ?? (status?.Details?.RetryAfterSeconds is { } seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null),
        };
    }

    /// <summary>A caller's token joined with a time limit that can be told apart from it.</summary>
    private sealed class RequestLimit : IDisposable
    {
        private readonly CancellationTokenSource _expired;
        private readonly CancellationTokenSource _linked;
        private readonly CancellationToken _caller;

        public RequestLimit(TimeSpan timeout, TimeProvider time, CancellationToken caller)
        {
            _caller = caller;
            _expired = new CancellationTokenSource(timeout, time);
            _linked = CancellationTokenSource.CreateLinkedTokenSource(_expired.Token, caller);
        }

        public CancellationToken Token => _linked.Token;

        public bool Exceeded => _expired.IsCancellationRequested && !_caller.IsCancellationRequested;

        public void Dispose()
        {
            _linked.Dispose();
            _expired.Dispose();
        }
    }
}
