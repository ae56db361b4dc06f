using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Http;

/// <summary>
/// Sends one request and follows its redirects by hand: credentials go to the origin they are meant for and nowhere else, and nothing goes from
/// https to http.
/// </summary>
internal sealed class HttpExchange(HttpMessageInvoker invoker, ModelFetcherOptions options)
{
    private const int MaxRedirects = 10;
    private static readonly ProductInfoHeaderValue Agent = new("fleetops", typeof(HttpExchange).Assembly.GetName().Version?.ToString(3));

    /// <summary>True when nobody on the way can read what is sent.</summary>
    public static bool IsPrivate(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;

    /// <summary>True when two addresses have scheme, host and port in common.</summary>
    public static bool SameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.Port == other.Port && string.Equals(one.IdnHost, other.IdnHost, StringComparison.OrdinalIgnoreCase);

    /// <summary>Sends a request; the caller disposes the answer, whatever its status.</summary>
    /// <param name="question">What to send.</param>
    /// <param name="cancellationToken">Ends the exchange.</param>
    /// <exception cref="ModelSourceException">No answer came; transient where another attempt may help.</exception>
    public async Task<HttpAnswer> SendAsync(HttpQuestion question, CancellationToken cancellationToken)
    {
        Uri address = question.Address;
        if (question.Authorization is not null && !IsPrivate(address))
        {
            throw new ModelSourceException(
                ModelSourceReason.InvalidConfiguration,
                $"Credentials would travel to {address.Authority} unencrypted; use https:// or leave the credentials out.");
        }

        Uri current = address;
        for (int redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            bool home = SameOrigin(address, current);
            HttpResponseMessage response = await SendOnceAsync(question, current, home, cancellationToken).ConfigureAwait(false);
            var answer = new HttpAnswer(response, current, !home, question.Authorization is not null);
            Uri? target = RedirectTarget(answer, required: question.Follow is null);
            if (target is null || question.Follow?.Invoke(answer, target) == false)
            {
                return answer;
            }

            answer.Dispose();
            if (current.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps)
            {
                throw new ModelSourceException(
                    ModelSourceReason.SourceUnreachable,
                    $"{HttpModelSource.Redact(current)} redirects to {target.Scheme}://{target.Authority}, which is unencrypted and refused; use the address of a server that stays on https.");
            }

            current = target;
        }

        throw new ModelSourceException(
            ModelSourceReason.SourceUnreachable, $"{HttpModelSource.Redact(address)} redirects more than {MaxRedirects} times; check the address.");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpQuestion question, Uri address, bool home, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.ResponseTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var request = new HttpRequestMessage(question.Method, address);
        request.Headers.UserAgent.Add(Agent);
        request.Headers.Authorization = home ? question.Authorization : null;

        // A digest is of the file, not of a compressed form of it.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        question.Range?.Apply(request.Headers);
        foreach ((string name, string value) in question.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            return await invoker.SendAsync(request, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{address.Authority} did not answer {(timer.IsCancellationRequested ? $"within {options.ResponseTimeout.TotalSeconds:0} s" : "in time")}; check that it is up and reachable from here.");
        }
        catch (HttpRequestException e)
        {
            throw Classify(address, e);
        }
        catch (IOException e)
        {
            throw new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"{address.Authority} cut the connection: {e.Message}", innerException: e);
        }
    }

    private static ModelSourceException Classify(Uri address, HttpRequestException e) => e switch
    {
        { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: AuthenticationException tls } =>
            new ModelSourceException(
                ModelSourceReason.SourceUnreachable,
                $"The TLS certificate of {address.Authority} is not accepted: {tls.Message} Add its authority to the trust store (SSL_CERT_FILE) or correct the host name.",
                e),
        { HttpRequestError: HttpRequestError.NameResolutionError } =>
            new TransientSourceException(
                ModelSourceReason.SourceUnreachable, $"The host {address.IdnHost} cannot be resolved; check its name and the DNS of the cluster.", innerException: e),
        _ => new TransientSourceException(
            ModelSourceReason.SourceUnreachable, $"{address.Authority} cannot be reached: {e.Message}. Check that it is up and that egress to it is allowed.", innerException: e),
    };

    private static Uri? RedirectTarget(HttpAnswer answer, bool required)
    {
        if (answer.Response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect))
        {
            return null;
        }

        Uri? location = answer.Response.Headers.Location;
        Uri? target = location is null ? null : new Uri(answer.Address, location);
        return target is { Scheme: "https" or "http" }
            ? target
            : required ? throw Unfollowable(answer) : null;
    }

    private static ModelSourceException Unfollowable(HttpAnswer answer)
    {
        answer.Dispose();
        return new ModelSourceException(
            ModelSourceReason.SourceUnreachable, $"{HttpModelSource.Redact(answer.Address)} redirects to nowhere; check the address.");
    }
}
