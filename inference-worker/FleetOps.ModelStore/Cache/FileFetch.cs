using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Http;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>Downloads one file of a model into its folder and verifies it.</summary>
internal sealed class FileFetch(HttpExchange exchange, ModelFetcherOptions options, FetchReporter reporter, FetchPlan plan, CacheFolder folder, StoredModel stored)
{
    // A file that is damaged more often while it is read is not worth the waiting.
    private const int MaxDamages = 3;

    /// <summary>Downloads what is missing of a file, and gives it its final name.</summary>
    /// <param name="file">Its places.</param>
    /// <param name="remote">The file at its source.</param>
    /// <param name="number">Which file of the model it is, from 1.</param>
    /// <param name="count">How many files the model has.</param>
    /// <param name="attempts">How often the download may fail in a row.</param>
    /// <param name="cancellationToken">Ends the fetch; a partial file stays.</param>
    public async Task<FetchedFile> RunAsync(CachedFile file, RemoteFile remote, int number, int count, int attempts, CancellationToken cancellationToken)
    {
        // What is demanded of a split model is the digest of the whole.
        string? expected = remote.Sha256 ?? (count == 1 ? plan.Sha256 : null);
        string name = plan.Source.NameOf(number, count);
        if (PartRecord.Read(file.PartRecordPath)?.DurableBytes is { } durable and > 0)
        {
            reporter.Enter(FetchPhase.Verifying, 0, durable);
        }

        await using PartialFile part = await PartialFile.OpenAsync(
            file.PartPath, file.PartRecordPath, expected, remote.Revision, reporter.Advance, cancellationToken).ConfigureAwait(false);
        try
        {
            string digest = await DownloadVerifiedAsync(file, remote, expected, name, part, attempts, cancellationToken).ConfigureAwait(false);
            if (count == 1)
            {
                reporter.Enter(FetchPhase.Verifying, part.Length, part.Length);
            }

            GgufHeader header = ModelGate.Read(file.PartPath, name, number, count);
            if (count == 1)
            {
                ModelGate.Check([header], plan.Source);
            }

            return new FetchedFile(Publish(file, digest, remote, count == 1 ? remote.License ?? header.License : null), header);
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.DigestMismatch)
        {
            File.Move(file.PartPath, file.QuarantinePath, overwrite: true);
            File.Delete(file.PartRecordPath);
            throw;
        }
        catch (ModelSourceException e) when (e.Reason == ModelSourceReason.InvalidGguf)
        {
            part.Discard();
            throw;
        }
    }

    private Verdict Publish(CachedFile file, string sha256, RemoteFile remote, string? license)
    {
        // A rename keeps size, time and inode, so the record can be written first; the file never stands there without it.
        Verdict record = stored.Describe(file.PartPath, sha256, remote.Revision, remote.ETag, license, remote.Sha256 == sha256);
        record.Write(file.VerdictPath);
        DurableFile.Publish(file.PartPath, file.ModelPath);
        File.Delete(file.PartRecordPath);
        return record;
    }

    private async Task<string> DownloadVerifiedAsync(
        CachedFile file, RemoteFile remote, string? expected, string name, PartialFile part, int attempts, CancellationToken cancellationToken)
    {
        var download = new Download(exchange, options, reporter, attempts);
        for (int damaged = 1; ; damaged++)
        {
            await download.CompleteAsync(remote, expected, part, folder.FolderPath, cancellationToken).ConfigureAwait(false);
            bool joined = part.Joined;
            string digest = await part.FinishAsync().ConfigureAwait(false);
            if (expected is null || digest == expected)
            {
                return digest;
            }

            string message = $"{name} came with the sha256 {digest} and {expected} is demanded";
            if (!joined || damaged > MaxDamages)
            {
                throw new ModelSourceException(
                    ModelSourceReason.DigestMismatch, $"{message}; the download is not used and lies at {file.QuarantinePath} until the next attempt. The file is damaged at its source, changed on the way, or another one: correct the digest, or the source.");
            }

            // Parts of two versions of the file may have met; one download in one piece tells.
            reporter.Fault(new FetchFault(ModelSourceReason.DigestMismatch, $"{message} after it was downloaded in parts; it is downloaded anew.", 1, TimeSpan.Zero));
            part.Restart();
            download.ReadInOnePiece();
        }
    }
}
