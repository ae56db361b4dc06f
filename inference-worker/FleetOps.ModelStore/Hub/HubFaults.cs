using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Hub;

/// <summary>
/// What a status of the hub means. The status alone tells little (a missing repository is 401 to a stranger, a gated one 401 or 403), so the hub's
/// error code decides where it sends one.
/// </summary>
internal static class HubFaults
{
    private const string ErrorCode = "X-Error-Code";

    /// <summary>The fault behind an answer that is no success.</summary>
    public static ModelSourceException Judge(HttpAnswer answer, HubModelSource source, string revision, Uri endpoint, DateTimeOffset now)
    {
        if (answer.LeftOrigin || WebFaults.IsTransient(answer.Status))
        {
            return WebFaults.Judge(answer, now);
        }

        string repository = $"{source.Owner}/{source.Repository}";
        string hub = endpoint.Authority;
        string status = WebFaults.Describe(answer);
        switch (answer.Header(ErrorCode))
        {
            case "GatedRepo":
                string page = $"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{repository}";
                return answer.Authorized
                    ? Fault(ModelSourceReason.LicenseNotAccepted, $"The repository {repository} on {hub} is gated and the account of the token has no access; accept its licence at {page} with that account.")
                    : Fault(ModelSourceReason.CredentialsMissing, $"The repository {repository} on {hub} is gated and no token was given; accept its licence at {page} and give a token of that account.");
            case "RevisionNotFound":
                return Fault(ModelSourceReason.SourceNotFound, $"The repository {repository} on {hub} has no revision '{revision}'; give a branch, a tag or a commit that it has.");
            case "EntryNotFound":
                return Fault(ModelSourceReason.SourceNotFound, $"The repository {repository} on {hub} has no file '{source.File}' at revision '{revision}'; check its name.");
            case "RepoNotFound":
                return MissingRepository(answer, repository, hub);
        }

        return answer.Status switch
        {
            401 when !answer.Authorized => MissingRepository(answer, repository, hub),
            401 => Fault(ModelSourceReason.SourceUnauthorized, $"{hub} answered {status} for {repository}: it refuses the token; check that the token is valid."),
            403 => Fault(
                ModelSourceReason.SourceUnauthorized,
                $"{hub} answered {status} for {repository}: {(answer.Authorized ? "the token lacks the permission to read it" : "it may not be read without a token")}; give a token that may."),
            404 or 410 => Fault(ModelSourceReason.SourceNotFound, $"{hub} answered {status} for {source} at revision '{revision}': repository, revision or file does not exist; check the three."),
            _ => WebFaults.Judge(answer, now),
        };
    }

    private static ModelSourceException MissingRepository(HttpAnswer answer, string repository, string hub) => answer.Authorized
        ? Fault(ModelSourceReason.SourceNotFound, $"The repository {repository} does not exist on {hub}, or it is private and the token may not see it; check its name and the token's account.")
        : Fault(ModelSourceReason.SourceNotFound, $"The repository {repository} does not exist on {hub}, or it is private; check its name, or give a token that may read it.");

    private static ModelSourceException Fault(ModelSourceReason reason, string message) => new(reason, message);
}
