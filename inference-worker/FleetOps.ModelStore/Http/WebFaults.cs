using System.Globalization;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Http;

/// <summary>What a status of a web server means for a fetch.</summary>
internal static class WebFaults
{
    /// <summary>True for a status that may pass by itself.</summary>
    public static bool IsTransient(int status) => status is 408 or 425 or 429 or >= 500;

    /// <summary>The fault of a mirror, which is no fault of the source: others are asked.</summary>
    public static ModelSourceException OfMirror(ModelSourceException fault) =>
        fault is TransientSourceException ? fault : new ModelSourceException(ModelSourceReason.SourceUnreachable, $"The mirror does not help: {fault.Message}", fault);

    /// <summary>The fault behind an answer that is no success.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="now">Present time, for a Retry-After that names a date.</param>
    public static ModelSourceException Judge(HttpAnswer answer, DateTimeOffset now)
    {
        string address = HttpModelSource.Redact(answer.Address);
        string status = Describe(answer);
        if (IsTransient(answer.Status))
        {
            return Passing(answer, now);
        }

        if (answer.LeftOrigin && answer.Status is (400 or 401 or 403))
        {
            // Storage behind a redirect is authorized by a signature in the address; a fresh redirect brings a fresh one.
            return new TransientSourceException(
                ModelSourceReason.SourceUnauthorized,
                $"{answer.Address.Authority}, to which the source redirects, answered {status}; the source's signature may have run out, or its storage refuses this client.");
        }

        return answer.Status switch
        {
            412 => new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{address} was replaced while it was read."),
            404 or 410 => new ModelSourceException(ModelSourceReason.SourceNotFound, $"{address} answered {status}: there is no such file; check the address."),
            401 when !answer.Authorized => new ModelSourceException(
                ModelSourceReason.CredentialsMissing, $"{address} answered {status} and no credentials were given; give a token, or a username and a password."),
            401 or 407 => new ModelSourceException(
                ModelSourceReason.SourceUnauthorized, $"{address} answered {status}: it refuses the credentials; check that they are valid and meant for this server."),
            403 or 451 => new ModelSourceException(
                ModelSourceReason.SourceUnauthorized,
                $"{address} answered {status}: {(answer.Authorized ? "the account of the credentials" : "an anonymous client")} may not read it; grant access or give other credentials."),
            _ => new ModelSourceException(ModelSourceReason.SourceUnreachable, $"{address} answered {status}, which is no file; check the address."),
        };
    }

    /// <summary>A fault that may pass, with the time the server asks for.</summary>
    public static TransientSourceException Passing(HttpAnswer answer, DateTimeOffset now) =>
        new(
            ModelSourceReason.SourceUnreachable,
            $"{HttpModelSource.Redact(answer.Address)} answered {Describe(answer)}.",
            RetryAfter(answer.Response, now));

    /// <summary>Status and its name, as in <c>404 (Not Found)</c>; the server's own words are left out, they might echo a secret.</summary>
    public static string Describe(HttpAnswer answer) =>
        Enum.IsDefined(answer.Response.StatusCode)
            ? string.Create(CultureInfo.InvariantCulture, $"{answer.Status} ({answer.Response.StatusCode})")
            : answer.Status.ToString(CultureInfo.InvariantCulture);

    /// <summary>How long the server asks to be left alone; null when it does not say.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > now ? date - now : TimeSpan.Zero,
        _ => null,
    };
}
