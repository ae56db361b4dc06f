using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore;

/// <summary>Verifies a model where it lies. It is never changed, and nothing is written beside it: its volume is mounted read-only.</summary>
internal sealed class InPlaceFetch(ModelFetcherOptions options, FetchReporter reporter)
{
    /// <summary>Verifies a model on a claim.</summary>
    public Task<VerifiedModel> VerifyAsync(FetchPlan plan, ClaimModelSource source, CancellationToken cancellationToken)
    {
        string root = Path.Join(options.ClaimRoot, source.Claim);
        if (!Directory.Exists(root))
        {
            throw new ModelSourceException(ModelSourceReason.SourceNotFound, $"The claim '{source.Claim}' is not mounted at {root}; check that it exists and is bound.");
        }

        string[] paths = [.. Files(plan).Select(file => Resolve(root, (ClaimModelSource)file))];

        // llama.cpp finds the files of a split model by the name of the first, which a link may not have; where its links lead was looked at.
        return VerifyAsync(plan, paths, AreNamed(paths) ? paths[0] : Path.Join(root, source.Path), cancellationToken);
    }

    /// <summary>Verifies a model of this machine.</summary>
    public Task<VerifiedModel> VerifyAsync(FetchPlan plan, FileModelSource source, CancellationToken cancellationToken) =>
        VerifyAsync(plan, [.. Files(plan).Select(static file => ((FileModelSource)file).Path)], source.Path, cancellationToken);

    private static IEnumerable<ModelSource> Files(FetchPlan plan) =>
        plan.FileCount == 1 ? [plan.Source] : Enumerable.Range(1, plan.FileCount).Select(plan.Source.Shard);

    private static bool AreNamed(string[] paths) => paths.Length == 1
        || (SplitName.Parse(Path.GetFileName(paths[0])) is { } split && split.Count == paths.Length
            && paths.Select((path, i) => path == Path.Join(Path.GetDirectoryName(paths[0]), split.Of(i + 1))).All(static named => named));

    private static string Resolve(string root, ClaimModelSource source) => ContainedPath.Resolve(root, source.Path)
        ?? throw new ModelSourceException(
            ModelSourceReason.SourceUnauthorized, $"{source} passes through a symbolic link that leads out of the claim (or in circles), which is refused; name the file itself.");

    private async Task<VerifiedModel> VerifyAsync(FetchPlan plan, string[] paths, string first, CancellationToken cancellationToken)
    {
        try
        {
            CheckThere(plan, paths);
            FileIdentity[] before = [.. paths.Select(FileIdentity.Of)];
            long total = before.Sum(static file => file.SizeBytes);
            if (plan.DigestMayFollow)
            {
                GgufHeader early = Check(plan, paths);
                reporter.Enter(FetchPhase.Completed, total, total);
                return Verified(plan, first, "", total, early) with { PendingDigest = FollowAsync(plan, paths, before, cancellationToken) };
            }

            string digest = await HashAsync(
                paths,
                (done, bytes) =>
                {
                    if (paths.Length > 1)
                    {
                        reporter.BeginFile(done, total);
                    }

                    reporter.Enter(FetchPhase.Verifying, 0, bytes);
                },
                reporter.Advance,
                before,
                cancellationToken).ConfigureAwait(false);
            if (plan.Sha256 is not null && digest != plan.Sha256)
            {
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch,
                    $"{plan.Source} has the sha256 {digest}{(paths.Length > 1 ? $" (of the digests of its {paths.Length} files, a line each)" : "")} and {plan.Sha256} is demanded; the file is damaged or another one, it is not used. Replace the file, or correct the digest.");
            }

            GgufHeader header = Check(plan, paths);
            CheckUnchanged(plan, paths, before);
            if (paths.Length > 1)
            {
                reporter.BeginFile(0, total);
            }

            reporter.Enter(FetchPhase.Completed, total, total);
            return Verified(plan, first, digest, total, header);
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw Unreadable(plan, e);
        }
    }

    private static VerifiedModel Verified(FetchPlan plan, string path, string digest, long sizeBytes, GgufHeader header) => new(path, digest, sizeBytes, null, header.License)
    {
        Header = header,
        LicenseLink = header.LicenseLink,
        DigestOrigin = plan.Sha256 is null ? DigestOrigin.Computed : DigestOrigin.Request,
        Reused = true,
    };

    private static void CheckThere(FetchPlan plan, string[] paths)
    {
        for (int i = 0; i < paths.Length; i++)
        {
            if (!File.Exists(paths[i]))
            {
                string name = plan.Source.NameOf(i + 1, paths.Length);
                throw new ModelSourceException(
                    ModelSourceReason.SourceNotFound,
                    Directory.Exists(paths[i]) ? $"{name} is a folder ({paths[i]}); name a file in it." : $"{name} does not exist (looked for {paths[i]}); check the path.");
            }
        }
    }

    private static GgufHeader Check(FetchPlan plan, string[] paths) =>
        ModelGate.Check([.. paths.Select((path, i) => ModelGate.Read(path, plan.Source.NameOf(i + 1, paths.Length), i + 1, paths.Length))], plan.Source);

    private static async Task<string> HashAsync(
        string[] paths, Action<long, long> begin, Action<long> advance, FileIdentity[] before, CancellationToken cancellationToken)
    {
        var digests = new List<string>();
        long done = 0;
        for (int i = 0; i < paths.Length; i++)
        {
            begin(done, before[i].SizeBytes);
            digests.Add(await FileDigest.ComputeAsync(paths[i], advance, cancellationToken).ConfigureAwait(false));
            done += before[i].SizeBytes;
        }

        return Sha256Text.OfFiles(digests);
    }

    private static async Task<string> FollowAsync(FetchPlan plan, string[] paths, FileIdentity[] before, CancellationToken cancellationToken)
    {
        try
        {
            string digest = await HashAsync(paths, static (_, _) => { }, static _ => { }, before, cancellationToken).ConfigureAwait(false);
            CheckUnchanged(plan, paths, before);
            return digest;
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw Unreadable(plan, e);
        }
    }

    private static void CheckUnchanged(FetchPlan plan, string[] paths, FileIdentity[] before)
    {
        for (int i = 0; i < paths.Length; i++)
        {
            if (FileIdentity.Of(paths[i]) != before[i])
            {
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch,
                    $"{plan.Source.NameOf(i + 1, paths.Length)} changed while it was being verified, so its digest means nothing; stop what writes to it and try again.");
            }
        }
    }

    private static ModelSourceException Unreadable(FetchPlan plan, Exception fault) => new(
        fault is UnauthorizedAccessException ? ModelSourceReason.SourceUnauthorized : ModelSourceReason.SourceUnreachable,
        $"{plan.Source} cannot be read: {fault.Message} Check the volume and the permissions of the file.",
        fault);
}
