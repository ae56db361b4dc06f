using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore;

/// <summary>A request whose parts were checked against each other.</summary>
/// <param name="Source">Where the model is.</param>
/// <param name="Revision">Branch, tag, commit, version or digest of a manifest; null where the source has no revisions.</param>
/// <param name="Sha256">The digest the file must have, in lower case; null when the request names none.</param>
internal sealed record FetchPlan(ModelSource Source, string? Revision, string? Sha256)
{
    /// <summary>Whether a file in place may be returned before it is hashed; never when a digest is demanded.</summary>
    public bool DigestMayFollow { get; private init; }

    private const string DefaultRevision = "main";

    /// <summary>True when the revision cannot move.</summary>
    public bool IsPinned => Revision is not null && Source.IsPinned(Revision);

    /// <summary>Checks a request.</summary>
    /// <exception cref="ModelSourceException">The request contradicts itself (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    public static FetchPlan From(FetchRequest request)
    {
        string? sha256 = request.Sha256 is null ? null : Sha256Text.Normalize(request.Sha256);
        if (request.Source.RequiresDigest && sha256 is null)
        {
            throw Refuse($"{request.Source} is fetched over plain http, which proves nothing about the file; give its sha256, or use https.");
        }

        if (request is { Source: RegistryModelSource registry, Revision: null })
        {
            return new FetchPlan(registry, registry.Reference, sha256);
        }

        if (request.Source is not HubModelSource hub)
        {
            return request.Revision is null || request.Source.TakesRevision
                ? new FetchPlan(request.Source, request.Revision, sha256) { DigestMayFollow = request.DigestMayFollow && sha256 is null }
                : throw Refuse($"A revision ('{request.Revision}') means something for hf:// and s3:// only, and the source is {request.Source}; leave it out.");
        }

        if (request.Revision is { } revision && SourceText.RefuseRevision(revision) is { } problem)
        {
            throw Refuse(problem);
        }

        return request.Revision is null || hub.Revision is null || request.Revision == hub.Revision
            ? new FetchPlan(hub, request.Revision ?? hub.Revision ?? DefaultRevision, sha256)
            : throw Refuse($"The source {hub} and the revision '{request.Revision}' contradict each other; name one.");
    }

    private static ModelSourceException Refuse(string message) => new(ModelSourceReason.InvalidConfiguration, message);
}
