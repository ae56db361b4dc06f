using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Registry;

/// <summary>What a status of a registry or its token server means. The codes of the distribution protocol decide where a status is shared by several causes.</summary>
internal static class RegistryFaults
{
    /// <summary>The fault behind an answer of the registry that is no success.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="code">The first error code in its body; null when it names none.</param>
    /// <param name="source">What was asked for.</param>
    /// <param name="anonymous">Whether no credentials were given.</param>
    /// <param name="now">Present time, for a Retry-After that names a date.</param>
    public static ModelSourceException Judge(HttpAnswer answer, string? code, RegistryModelSource source, bool anonymous, DateTimeOffset now)
    {
        string status = code is null ? WebFaults.Describe(answer) : $"{WebFaults.Describe(answer)} {code}";
        if (answer.LeftOrigin)
        {
            return WebFaults.Judge(answer, now);
        }

        if (answer.Status == 429 || code == "TOOMANYREQUESTS")
        {
            return Limited(answer, source, anonymous, now);
        }

        return answer.Status switch
        {
            401 => Refused(source, status, anonymous),
            403 => Denied(source, status, anonymous),
            404 when code == "NAME_UNKNOWN" => Fault(
                ModelSourceReason.SourceNotFound, $"The registry {source.Registry} has no repository '{source.Repository}'; check its name."),
            404 when code == "BLOB_UNKNOWN" => Fault(
                ModelSourceReason.SourceNotFound, $"The registry {source.Registry} lacks a blob that the manifest of {source} names; push the model again."),
            404 => Fault(
                ModelSourceReason.SourceNotFound, $"The registry {source.Registry} has no '{source.Reference}' in the repository '{source.Repository}' ({status}); check both."),
            _ => WebFaults.Judge(answer, now),
        };
    }

    /// <summary>The fault behind an answer of the token server that is no token.</summary>
    /// <inheritdoc cref="Judge"/>
    public static ModelSourceException JudgeToken(HttpAnswer answer, RegistryModelSource source, bool anonymous, DateTimeOffset now)
    {
        string status = $"{WebFaults.Describe(answer)} from {answer.Address.Authority}";
        return answer.Status switch
        {
            _ when answer.LeftOrigin => WebFaults.Judge(answer, now),
            429 => Limited(answer, source, anonymous, now),
            400 or 401 => Refused(source, status, anonymous),
            403 or 404 => Denied(source, status, anonymous),
            _ => WebFaults.Judge(answer, now),
        };
    }

    /// <summary>The first error code in the body of an answer; null when it names none.</summary>
    public static string? Code(byte[] body)
    {
        string? code = RegistryBody.Parse(body, RegistryJson.Default.RegistryErrors)?.Errors?.Select(static error => error?.Code).FirstOrDefault();
        return code is { Length: > 0 and <= 64 } && code.All(static c => char.IsAsciiLetterUpper(c) || c == '_') ? code : null;
    }

    private static ModelSourceException Refused(RegistryModelSource source, string status, bool anonymous) => anonymous
        ? Unknown(source, status)
        : Fault(ModelSourceReason.SourceUnauthorized, $"The registry {source.Registry} refuses the credentials for '{source.Repository}' ({status}); check that they are valid and meant for this registry.");

    private static ModelSourceException Denied(RegistryModelSource source, string status, bool anonymous) => anonymous
        ? Unknown(source, status)
        : Fault(
            ModelSourceReason.SourceUnauthorized,
            $"The repository '{source.Repository}' does not exist on {source.Registry}, or the account of the credentials may not pull from it ({status}); check its name, or grant access.");

    private static ModelSourceException Unknown(RegistryModelSource source, string status) => Fault(
        ModelSourceReason.CredentialsMissing,
        $"The repository '{source.Repository}' does not exist on {source.Registry}, or it is private and no credentials for this registry were given ({status}); check its name, or give credentials.");

    private static TransientSourceException Limited(HttpAnswer answer, RegistryModelSource source, bool anonymous, DateTimeOffset now) => new(
        ModelSourceReason.SourceUnreachable,
        $"{answer.Address.Authority} limits how often {(anonymous ? "an anonymous client" : "the account of the credentials")} may pull, and the limit is reached for {source} ({WebFaults.Describe(answer)}){(anonymous ? "; give credentials to be allowed more." : ".")}",
        WebFaults.RetryAfter(answer.Response, now));

    private static ModelSourceException Fault(ModelSourceReason reason, string message) => new(reason, message);
}
