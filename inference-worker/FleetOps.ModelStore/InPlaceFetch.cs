using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore;

/// <summary>Verifies a file where it lies. It is never changed, and nothing is written beside it: its volume is mounted read-only.</summary>
internal sealed class InPlaceFetch(ModelFetcherOptions options, FetchReporter reporter)
{
    /// <summary>Verifies a file on a claim.</summary>
    public Task<VerifiedModel> VerifyAsync(FetchPlan plan, ClaimModelSource source, CancellationToken cancellationToken)
    {
        string root = Path.Join(options.ClaimRoot, source.Claim);
        if (!Directory.Exists(root))
        {
            throw new ModelSourceException(ModelSourceReason.SourceNotFound, $"The claim '{source.Claim}' is not mounted at {root}; check that it exists and is bound.");
        }

        string path = ContainedPath.Resolve(root, source.Path)
            ?? throw new ModelSourceException(
                ModelSourceReason.SourceUnauthorized, $"{source} passes through a symbolic link that leads out of the claim (or in circles), which is refused; name the file itself.");
        return VerifyAsync(plan, path, cancellationToken);
    }

    /// <summary>Verifies a file of this machine.</summary>
    public async Task<VerifiedModel> VerifyAsync(FetchPlan plan, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (!File.Exists(path))
            {
                throw new ModelSourceException(
                    ModelSourceReason.SourceNotFound,
                    Directory.Exists(path) ? $"{plan.Source} is a folder ({path}); name a file in it." : $"{plan.Source} does not exist (looked for {path}); check the path.");
            }

            FileIdentity before = FileIdentity.Of(path);
            if (plan.DigestMayFollow)
            {
                return Following(plan, path, before, cancellationToken);
            }

            reporter.Enter(FetchPhase.Verifying, 0, before.SizeBytes);
            string digest = await FileDigest.ComputeAsync(path, reporter.Advance, cancellationToken).ConfigureAwait(false);
            if (plan.Sha256 is not null && digest != plan.Sha256)
            {
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch,
                    $"{plan.Source} has the sha256 {digest} and {plan.Sha256} is demanded; the file is damaged or another one, it is not used. Replace the file, or correct the digest.");
            }

            GgufHeader header = ModelGate.Check(path, plan.Source);
            CheckUnchanged(plan, path, before);
            reporter.Enter(FetchPhase.Completed, before.SizeBytes, before.SizeBytes);
            return new VerifiedModel(path, digest, before.SizeBytes, null, header.License)
            {
                Header = header,
                DigestOrigin = plan.Sha256 is null ? DigestOrigin.Computed : DigestOrigin.Request,
                Reused = true,
            };
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw Unreadable(plan, e);
        }
    }

    private VerifiedModel Following(FetchPlan plan, string path, FileIdentity before, CancellationToken cancellationToken)
    {
        GgufHeader header = ModelGate.Check(path, plan.Source);
        reporter.Enter(FetchPhase.Completed, before.SizeBytes, before.SizeBytes);
        return new VerifiedModel(path, "", before.SizeBytes, null, header.License)
        {
            Header = header,
            DigestOrigin = DigestOrigin.Computed,
            Reused = true,
            PendingDigest = HashAsync(plan, path, before, cancellationToken),
        };
    }

    private static async Task<string> HashAsync(FetchPlan plan, string path, FileIdentity before, CancellationToken cancellationToken)
    {
        try
        {
            string digest = await FileDigest.ComputeAsync(path, static _ => { }, cancellationToken).ConfigureAwait(false);
            CheckUnchanged(plan, path, before);
            return digest;
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            throw Unreadable(plan, e);
        }
    }

    private static void CheckUnchanged(FetchPlan plan, string path, FileIdentity before)
    {
        if (FileIdentity.Of(path) != before)
        {
            throw new ModelSourceException(
                ModelSourceReason.DigestMismatch, $"{plan.Source} changed while it was being verified, so its digest means nothing; stop what writes to it and try again.");
        }
    }

    private static ModelSourceException Unreadable(FetchPlan plan, Exception fault) => new(
        fault is UnauthorizedAccessException ? ModelSourceReason.SourceUnauthorized : ModelSourceReason.SourceUnreachable,
        $"{plan.Source} cannot be read: {fault.Message} Check the volume and the permissions of the file.",
        fault);
}
