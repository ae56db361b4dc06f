using FleetOps.ModelStore.Gguf;

namespace FleetOps.ModelStore;

/// <summary>A model file whose every byte was hashed in this call, or is being hashed where nobody demands a digest, and whose header was checked.</summary>
/// <param name="Path">Absolute path of the file.</param>
/// <param name="Sha256">Its digest, 64 lower-case hexadecimal digits; empty while it is computed (<see cref="PendingDigest"/>).</param>
/// <param name="SizeBytes">Its size in bytes.</param>
/// <param name="Revision">The commit it comes from, or the digest of the manifest that a tag stood for; null where the source has no revisions.</param>
/// <param name="License">The licence that the source or, failing that, the file names; null when neither does.</param>
public sealed record VerifiedModel(string Path, string Sha256, long SizeBytes, string? Revision, string? License)
{
    /// <summary>The checked header of the file.</summary>
    public required GgufHeader Header { get; init; }

    /// <summary>Who said what <see cref="Sha256"/> has to be.</summary>
    public required DigestOrigin DigestOrigin { get; init; }

    /// <summary>Where the text of the licence is; null when neither source nor file says.</summary>
    public string? LicenseLink { get; init; }

    /// <summary>Whether the source gives the model only to those who accepted its licence.</summary>
    public bool IsGated { get; init; }

    /// <summary>True when the file was already there and nothing was downloaded.</summary>
    public required bool Reused { get; init; }

    /// <summary>The digest when it is computed after the call (<see cref="FetchRequest.DigestMayFollow"/>), else null. Fails with a <see cref="ModelSourceException"/> when the file changed meanwhile or cannot be read.</summary>
    public Task<string>? PendingDigest { get; init; }

    /// <summary>
    /// Keeps the file from being removed when the model directory is cleaned up, until it is disposed or the process ends; null for a file in place.
    /// Keep it for as long as the file is used.
    /// </summary>
    public IDisposable? Use { get; init; }
}
