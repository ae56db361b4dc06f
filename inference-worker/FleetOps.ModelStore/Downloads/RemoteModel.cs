using System.Security.Cryptography;
using System.Text;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Downloads;

/// <summary>A model that can be downloaded: one file, or all files of a split one.</summary>
/// <param name="Files">The files in their order; at least one.</param>
internal sealed record RemoteModel(IReadOnlyList<RemoteFile> Files)
{
    /// <summary>The digest that the source publishes; null when it does not publish that of every file.</summary>
    public string? Sha256 => Files.All(static file => file.Sha256 is not null) ? Sha256Text.OfFiles([.. Files.Select(static file => file.Sha256!)]) : null;

    /// <summary>The size that the source publishes in bytes; null when it does not publish that of every file.</summary>
    public long? SizeBytes => Files.Aggregate<RemoteFile, long?>(0, static (sum, file) => sum + file.SizeBytes);

    /// <summary>The commit, the version or the digest of the manifest; null where the source has none, or one for each of several files.</summary>
    public string? Revision => Files.All(file => file.Revision == Files[0].Revision) ? Files[0].Revision : null;

    /// <summary>By what the source tells its versions apart where it has no revisions; null when it names nothing.</summary>
    public string? ETag => Files.Count == 1 || Files.All(static file => file.ETag is null)
        ? Files[0].ETag
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Files.Select(static file => $"{file.Revision} {file.ETag}")))));

    /// <summary>The licence.</summary>
    public SourceLicense License => Files[0].License;
}
