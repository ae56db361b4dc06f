using System.Text.Json;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Sources;

namespace FleetOps.ModelStore.Verification;

/// <summary>
/// The record beside a verified file: what it was when it was verified. It serves as the reference when nobody else names a digest. A file is hashed on each
/// use all the same, unless the record is trusted where it fits (<see cref="ModelFetcherOptions.TrustsVerdicts"/>).
/// </summary>
internal sealed record Verdict
{
    /// <summary>Version of the layout of this record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The source, without secrets.</summary>
    public required string Source { get; init; }

    /// <summary>The digest that was computed, 64 lower-case hexadecimal digits; of a split model that of its files' digests.</summary>
    public required string Sha256 { get; init; }

    /// <summary>How many files a split model has; null for a whole one, and for the record of one file of a split one.</summary>
    public int? Files { get; init; }

    /// <summary>Size in bytes, of all files.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Time of the last change of the (first) file, in nanoseconds since 1970.</summary>
    public required long ModifiedNanoseconds { get; init; }

    /// <summary>Inode number of the (first) file.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The commit; null where the source has none.</summary>
    public string? Revision { get; init; }

    /// <summary>By what a source without revisions tells its versions apart; null when it names nothing.</summary>
    public string? ETag { get; init; }

    /// <summary>The licence; null when nobody names one.</summary>
    public string? License { get; init; }

    /// <summary>Where the text of the licence is; null when nobody says.</summary>
    public string? LicenseLink { get; init; }

    /// <summary>Whether the source gives the model only to those who accepted its licence.</summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the digest is the one that the source published.</summary>
    public bool NamedBySource { get; init; }

    /// <summary>When the file was verified.</summary>
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>Whether a file has the size, the time of change and the inode that it had when it was verified. For the record of one file.</summary>
    public bool Fits(FileIdentity file) => file == new FileIdentity(SizeBytes, ModifiedNanoseconds, Inode);

    /// <summary>Reads a record; null when there is none or it is damaged, which costs a download and nothing else.</summary>
    public static Verdict? Read(string path)
    {
        try
        {
            var verdict = JsonSerializer.Deserialize(File.ReadAllBytes(path), RecordJson.Default.Verdict);
            return verdict is { Version: 1, Files: null or (> 1 and <= SplitName.MaxCount) } && Sha256Text.IsDigest(verdict.Sha256) ? verdict : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the record durably.</summary>
    public void Write(string path) => DurableFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.Verdict));
}
