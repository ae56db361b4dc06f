using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>The model that lies in a cache folder already, if any, wholly or some of its files.</summary>
/// <param name="plan">What is asked for.</param>
/// <param name="folder">Where it would be.</param>
/// <param name="reporter">Is told how it goes.</param>
/// <param name="options">The clock, and whether records are trusted.</param>
internal sealed class StoredModel(FetchPlan plan, CacheFolder folder, FetchReporter reporter, ModelFetcherOptions options)
{
    /// <summary>
    /// True when the stored model may be used without asking the source: the request names its digest, or its revision cannot move, or its source cannot
    /// be asked. A URL is taken to name the same file for as long as the folder lives.
    /// </summary>
    public static bool Suffices(FetchPlan plan, Verdict? verdict) =>
        plan.Sha256 is not null || (verdict is not null && (!plan.Source.IsAskedAgain || (plan.IsPinned && verdict.Revision == plan.Revision)));

    /// <summary>True when a source still has the version that is stored, by its digest, else by its revision and validator.</summary>
    public static bool IsCurrent(Verdict verdict, RemoteModel remote) => IsCurrent(verdict, remote.Sha256, remote.Revision, remote.ETag);

    /// <summary>The same for one file of a split model.</summary>
    public static bool IsCurrent(Verdict verdict, RemoteFile remote) => IsCurrent(verdict, remote.Sha256, remote.Revision, remote.ETag);

    /// <summary>Who names the digest of a model.</summary>
    public static DigestOrigin Origin(FetchPlan plan, RemoteModel? remote, Verdict? verdict) =>
        plan.Sha256 is not null ? DigestOrigin.Request
        : remote?.Sha256 is not null || verdict?.NamedBySource == true ? DigestOrigin.Source
        : verdict is not null ? DigestOrigin.Record
        : DigestOrigin.Computed;

    /// <summary>Whether all files are there of which a record speaks.</summary>
    public bool IsThere(Verdict verdict) => folder.Files(verdict.Files ?? 1).All(static file => File.Exists(file.ModelPath));

    /// <summary>
    /// Hashes the stored model and returns it when it is what it has to be, else null and what is wrong of it. Changes nothing but the record, so that any number
    /// of processes may do it at once.
    /// </summary>
    /// <param name="verdict">Its record; null when there is none.</param>
    /// <param name="remote">What the source says; null when it was not asked.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    public async Task<(VerifiedModel? Model, WrongFiles? Wrong)> TryReuseAsync(Verdict? verdict, RemoteModel? remote, CancellationToken cancellationToken)
    {
        string? expected = plan.Sha256 ?? remote?.Sha256 ?? verdict?.Sha256;
        IReadOnlyList<CachedFile> files = folder.Files(remote?.Files.Count ?? verdict?.Files ?? plan.FileCount);
        if (expected is null || !files.All(static file => File.Exists(file.ModelPath)))
        {
            return default;
        }

        FileIdentity[] identities = [.. files.Select(static file => FileIdentity.Of(file.ModelPath))];
        FileIdentity first = identities[0];
        long total = identities.Sum(static file => file.SizeBytes);
        IReadOnlyList<string> digests = await HashAsync(files, identities, verdict, total, cancellationToken).ConfigureAwait(false);
        string digest = Sha256Text.OfFiles(digests);
        if (digest != expected)
        {
            return (null, Wrong(files, identities, digests, remote, digest, expected));
        }

        string? revision = remote is null ? verdict?.Revision : remote.Revision ?? verdict?.Revision;
        string? tag = remote is null ? verdict?.ETag : remote.ETag;
        GgufHeader header = Check(files);
        bool isNamed = (remote?.Sha256 ?? (verdict?.NamedBySource == true ? verdict.Sha256 : null)) == digest;
        SourceLicense license = remote?.License is { } said && (said.Name is not null || said.IsGated) ? said : SourceLicense.Of(verdict);
        if (verdict is null || verdict.Revision != revision || verdict.ETag != tag || verdict.NamedBySource != isNamed || verdict.IsGated != license.IsGated
            || !verdict.Fits(first with { SizeBytes = total }))
        {
            Record(files, digest, total, revision, tag, license.Or(header), isNamed);
        }

        reporter.Enter(FetchPhase.Completed, total, total);
        license = license.Or(header);
        return (new VerifiedModel(files[0].ModelPath, digest, total, revision, license.Name)
        {
            Header = header,
            DigestOrigin = Origin(plan, remote, verdict),
            Reused = true,
            LicenseLink = license.Link,
            IsGated = license.IsGated,
        }, null);
    }

    /// <summary>Puts files aside that were found to be wrong, unless they were replaced since. The caller holds the lock.</summary>
    public void PutAside(WrongFiles wrong)
    {
        File.Delete(folder.VerdictPath);
        foreach ((CachedFile file, FileIdentity identity) in wrong.Files)
        {
            if (FileIdentity.TryOf(file.ModelPath) == identity)
            {
                file.PutAside();
            }
        }

        reporter.Fault(new FetchFault(ModelSourceReason.DigestMismatch, wrong.Message, 1, TimeSpan.Zero));
    }

    /// <summary>Hashes a finished file of a split model that is not whole yet; returns null, and puts it aside, when it is not what it has to be.</summary>
    /// <param name="file">The file.</param>
    /// <param name="remote">What the source says.</param>
    /// <param name="number">Which file of the model it is, from 1.</param>
    /// <param name="count">How many files the model has.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    public async Task<FetchedFile?> TryKeepAsync(CachedFile file, RemoteFile remote, int number, int count, CancellationToken cancellationToken)
    {
        if (Verdict.Read(file.VerdictPath) is not { } record || !IsCurrent(record, remote) || !File.Exists(file.ModelPath))
        {
            file.Remove();
            return null;
        }

        reporter.Enter(FetchPhase.Verifying, 0, record.SizeBytes);
        string digest = await FileDigest.ComputeAsync(file.ModelPath, reporter.Advance, cancellationToken).ConfigureAwait(false);
        if (digest != record.Sha256)
        {
            file.PutAside();
            reporter.Fault(new FetchFault(ModelSourceReason.DigestMismatch, Damage(plan.Source.NameOf(number, count), digest, record.Sha256), 1, TimeSpan.Zero));
            return null;
        }

        return new FetchedFile(record, ModelGate.Read(file.ModelPath, plan.Source.NameOf(number, count), number, count), Downloaded: false);
    }

    /// <summary>Writes the record of a model whose files are all there.</summary>
    public void Record(IReadOnlyList<CachedFile> files, string sha256, long sizeBytes, string? revision, string? tag, SourceLicense license, bool isNamed)
    {
        Verdict record = Describe(files[0].ModelPath, sha256, revision, tag, license, isNamed) with { SizeBytes = sizeBytes, Files = files.Count == 1 ? null : files.Count };
        record.Write(folder.VerdictPath);
    }

    /// <summary>The record of a file.</summary>
    public Verdict Describe(string path, string sha256, string? revision, string? tag, SourceLicense license, bool isNamed)
    {
        FileIdentity identity = FileIdentity.Of(path);
        return new Verdict
        {
            Source = plan.Source.ToString(),
            Sha256 = sha256,
            SizeBytes = identity.SizeBytes,
            ModifiedNanoseconds = identity.ModifiedNanoseconds,
            Inode = identity.Inode,
            Revision = revision,
            ETag = tag,
            License = license.Name,
            LicenseLink = license.Link,
            IsGated = license.IsGated,
            NamedBySource = isNamed,
            VerifiedAt = options.TimeProvider.GetUtcNow(),
        };
    }

    private static bool IsCurrent(Verdict verdict, string? sha256, string? revision, string? tag) => sha256 is null
        ? verdict.Revision == revision && verdict.ETag == tag
        : verdict.Sha256 == sha256;

    private async Task<IReadOnlyList<string>> HashAsync(
        IReadOnlyList<CachedFile> files, FileIdentity[] identities, Verdict? verdict, long total, CancellationToken cancellationToken)
    {
        var digests = new List<string>();
        long before = 0;
        for (int i = 0; i < files.Count; i++)
        {
            if (files.Count > 1)
            {
                reporter.BeginFile(before, total);
            }

            reporter.Enter(FetchPhase.Verifying, 0, total);
            digests.Add(Trusted(files[i], identities[i], files.Count, verdict)
                ?? await FileDigest.ComputeAsync(files[i].ModelPath, reporter.Advance, cancellationToken).ConfigureAwait(false));
            before += identities[i].SizeBytes;
        }

        if (files.Count > 1)
        {
            reporter.BeginFile(0, total);
        }

        return digests;
    }

    private string? Trusted(CachedFile file, FileIdentity identity, int count, Verdict? verdict)
    {
        Verdict? record = !options.TrustsVerdicts ? null : count == 1 ? verdict : Verdict.Read(file.VerdictPath);
        return record?.Fits(identity) == true ? record.Sha256 : null;
    }

    // A file whose digest is right stays whatever is the matter with its header: another release may read it.
    private GgufHeader Check(IReadOnlyList<CachedFile> files) =>
        ModelGate.Check([.. files.Select((file, i) => ModelGate.Read(file.ModelPath, plan.Source.NameOf(i + 1, files.Count), i + 1, files.Count))], plan.Source);

    private WrongFiles Wrong(
        IReadOnlyList<CachedFile> files, FileIdentity[] identities, IReadOnlyList<string> digests, RemoteModel? remote, string digest, string expected)
    {
        string[] wanted = [.. files.Select((file, i) => remote?.Files[i].Sha256 ?? Verdict.Read(file.VerdictPath)?.Sha256 ?? "")];
        int[] wrong = [.. Enumerable.Range(0, files.Count).Where(i => files.Count > 1 && wanted[i] != digests[i])];
        return wrong.Length == 0 || wanted[wrong[0]].Length == 0
            ? new WrongFiles([.. files.Zip(identities)], Damage(plan.Source.ToString(), digest, expected))
            : new WrongFiles([.. wrong.Select(i => (files[i], identities[i]))], Damage(plan.Source.NameOf(wrong[0] + 1, files.Count), digests[wrong[0]], wanted[wrong[0]]));
    }

    private string Damage(string name, string digest, string expected) =>
        $"The stored file of {name} has the sha256 {digest} and {expected} is demanded; it was put aside in {folder.FolderPath} until a right one is there, and is fetched anew.";
}
