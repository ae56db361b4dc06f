using System.Text.Json;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Downloads;

/// <summary>The record beside a partial file: of which version of the remote file it is a part.</summary>
internal sealed record PartRecord
{
    /// <summary>Version of the layout of this record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The digest the whole file must have; null when nobody names one.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The commit; null where the source has none.</summary>
    public string? Revision { get; init; }

    /// <summary>The validator of the remote file; null when the server gave none.</summary>
    public string? ETag { get; init; }

    /// <summary>The host whose validator that is; null where it does not matter.</summary>
    public string? Host { get; init; }

    /// <summary>The time of change of the remote file; null when the server gave none.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Size of the whole file; null when the server did not say.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>How many bytes of the part were flushed to the disk when this record was written.</summary>
    public long DurableBytes { get; init; }

    /// <summary>True when the server gave something by which it can tell that the file is still the same.</summary>
    public bool HasValidator => ETag?.StartsWith('"') == true || LastModified is not null;

    /// <summary>Whether an answer is of the same version of the file, as far as its validators tell: some servers ignore the condition of a request.</summary>
    public bool IsOf(HttpResponseMessage answer)
    {
        string? tag = answer.Headers.ETag?.ToString();
        return ETag is not null && tag is not null
            ? ETag == tag
            : LastModified is not { } before || answer.Content.Headers.LastModified is not { } now || before == now;
    }

    public static PartRecord? Read(string path)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), RecordJson.Default.PartRecord);
            return record is { Version: 1, DurableBytes: >= 0 } ? record : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Write(string path) => DurableFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.PartRecord));
}
