using System.Text.Json;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;

namespace FleetOps.ModelStore.Verification;

/// <summary>
/// What is remembered of a download whose bytes were not those that its digest names, so that a worker that is started again and again does not download the
/// whole of it each time: which version of the file it was, and what it was held against. Bytes may be damaged on their way too, so it takes the same wrong
/// digest twice to blame the source.
/// </summary>
internal sealed record QuarantineRecord
{
    // How long nothing is expected of a file without a validator, of which nobody tells whether it changed.
    private static readonly TimeSpan Doubt = TimeSpan.FromHours(1);

    /// <summary>Version of the layout of this record.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The digest that was demanded.</summary>
    public required string ExpectedSha256 { get; init; }

    /// <summary>The digest that came.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The validator of the file; null when the server gave none.</summary>
    public string? ETag { get; init; }

    /// <summary>Its time of change; null when the server gave none.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>Its size; null when the server did not say.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>When it came last.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How often in a row it came so.</summary>
    public int Times { get; init; } = 1;

    /// <summary>Whether a download would bring the same again: the source offers the version that it offered then.</summary>
    /// <param name="offered">What the source offers.</param>
    /// <param name="now">Present time.</param>
    public bool Foresees(PartRecord offered, DateTimeOffset now)
    {
        bool same = ETag is not null || offered.ETag is not null
            ? ETag == offered.ETag
            : LastModified == offered.LastModified;
        bool isTold = ETag is not null || LastModified is not null;
        return Times > 1 && same && TotalBytes == offered.TotalBytes && (isTold || now - At < Doubt);
    }

    /// <summary>This one, counted together with one that may have come before.</summary>
    public QuarantineRecord After(QuarantineRecord? before) =>
        before is not null && (before.ExpectedSha256, before.Sha256, before.ETag, before.LastModified) == (ExpectedSha256, Sha256, ETag, LastModified)
            ? this with { Times = before.Times + 1 }
            : this;

    /// <summary>Reads a record; null when there is none or it is damaged.</summary>
    public static QuarantineRecord? Read(string path)
    {
        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllBytes(path), RecordJson.Default.QuarantineRecord);
            return record is { Version: 1 } && Sha256Text.IsDigest(record.Sha256) && Sha256Text.IsDigest(record.ExpectedSha256) ? record : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the record durably.</summary>
    public void Write(string path) => DurableFile.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.QuarantineRecord));
}
