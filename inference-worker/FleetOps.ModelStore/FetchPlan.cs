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

    /// <summary>Is called before anything of a remote model is downloaded; null for nothing.</summary>
    public Func<ModelAhead, CancellationToken, Task>? BeforeDownload { get; init; }

    /// <summary>Refuses a header for its licence, before anything is downloaded; null for nothing.</summary>
    public Action<Gguf.GgufHeader>? CheckHeader { get; init; }

    private const string DefaultRevision = "main";

    /// <summary>How many files the name of the source stands for; 1 where only what the source holds tells.</summary>
    public int FileCount => Source.Split?.Count ?? 1;

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

        RefuseSplit(request);
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

    private static void RefuseSplit(FetchRequest request)
    {
        if (request.Source.Split is not { } split)
        {
            return;
        }

        if (split.Number == 0 || split.Number > split.Count || split.Count > SplitName.MaxCount)
        {
            throw Refuse(
                $"{request.Source} names file {split.Number} of {split.Count} of a split model; a split model has 2 to {SplitName.MaxCount} files, counted from 1. Name its first file.");
        }

        if (split.Number > 1)
        {
            throw Refuse($"{request.Source} is file {split.Number} of {split.Count} of a split model; name the first, {request.Source.Shard(1)}, and all are fetched.");
        }

        if (request is { Source: S3ModelSource, Revision: { } version })
        {
            throw Refuse($"{request.Source} is split into {split.Count} objects and the revision '{version}' is the version of one; leave it out, and give the sha256 of the whole instead.");
        }
    }

    private static ModelSourceException Refuse(string message) => new(ModelSourceReason.InvalidConfiguration, message);
}
