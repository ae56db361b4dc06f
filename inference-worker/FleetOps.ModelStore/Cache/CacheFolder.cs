using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// The places of one source in the model directory: <c>KEY/NAME</c> is the model, beside it <c>verdict.json</c>, the partial file with its record, the
/// lock, and who uses it; the files of a split model have all but the last two for each of them. The key is a digest of the source, so two sources never
/// share a folder and no secret of a URL shows in a path.
/// </summary>
internal sealed class CacheFolder
{
    /// <summary>How the names of files begin that were put aside.</summary>
    public const string Quarantined = "quarantined";

    private const int KeyDigits = 32;
    // What the folders of all versions of a source have in common.
    private const int SourceKeyDigits = 16;
    private const int MaxNameLength = 128;

    // Nobody writes to a file for so long without a word.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    private readonly string _name;

    private CacheFolder(string path, string name) => (FolderPath, _name) = (path, name);

    public string FolderPath { get; }

    /// <summary>The record of the whole model: when it is there, so are all its files.</summary>
    public string VerdictPath => Path.Join(FolderPath, "verdict.json");

    public string LockPath => Path.Join(FolderPath, "lock");

    public string UsePath => Path.Join(FolderPath, "use");

    /// <summary>What is remembered of a split model whose files did not have the digest of the whole.</summary>
    public string QuarantineRecordPath => Path.Join(FolderPath, $"{Quarantined}.json");

    /// <summary>The folders of a model directory; what else lies there is left alone.</summary>
    public static IEnumerable<CacheFolder> All(string modelDirectory) =>
        from path in Directory.GetDirectories(modelDirectory)
        let key = Path.GetFileName(path)
        where key.Length == KeyDigits && key.All(char.IsAsciiHexDigitLower)
        select new CacheFolder(path, "");

    /// <summary>The places of a plan.</summary>
    /// <param name="modelDirectory">Folder of all models.</param>
    /// <param name="plan">The plan; its digest does not matter, so that a corrected digest finds the old file.</param>
    /// <param name="origin">What else tells sources apart: the address of the hub.</param>
    public static CacheFolder Of(string modelDirectory, FetchPlan plan, string origin)
    {
        return new CacheFolder(Path.Join(modelDirectory, Key(origin, plan.Source.Identity, plan.Revision)), SafeName(plan.Source.FileName));
    }

    /// <summary>The places of another version of the same source, for when this folder has one that others may want or use.</summary>
    /// <param name="version">What tells the versions apart: a digest, or else a validator.</param>
    public CacheFolder Apart(string version) => new(Path.Join(Path.GetDirectoryName(FolderPath), SourceKey + Key(FolderKey, version)[SourceKeyDigits..]), _name);

    /// <summary>The folders that are there of this source, this one and those of other versions.</summary>
    public IEnumerable<CacheFolder> Versions() => Directory.GetDirectories(Path.GetDirectoryName(FolderPath)!, SourceKey + "*").Select(path => new CacheFolder(path, _name));

    /// <summary>The places of the files of a model, in their order.</summary>
    /// <param name="count">How many it has.</param>
    /// <param name="writer">Who alone writes to what is not finished; null where a lock keeps others from it.</param>
    public IReadOnlyList<CachedFile> Files(int count, string? writer = null)
    {
        if (count == 1)
        {
            return [new CachedFile(FolderPath, _name, "", writer)];
        }

        // llama.cpp finds the others by the name of the first.
        SplitName split = SplitName.Parse(_name) is { } named && named.Count == count ? named : new SplitName(Path.GetFileNameWithoutExtension(_name), 1, count);
        return [.. Enumerable.Range(1, count).Select(number => new CachedFile(FolderPath, split.Of(number), string.Create(CultureInfo.InvariantCulture, $"-{number:D5}"), writer))];
    }

    /// <summary>
    /// Removes what is no part of a model that is to come: files of another one, and the record of the whole of a split one. What the new file replaces stays until
    /// then, and what was put aside until the model is there. The caller holds the lock, and nobody uses the model.
    /// </summary>
    /// <param name="files">The files of the model that is to come; downloads of these that are not finished stay, as do the finished ones.</param>
    public void KeepOnly(IReadOnlyList<CachedFile> files)
    {
        HashSet<string> kept = [.. files.SelectMany(static file => (string[])[file.PartPath, file.PartRecordPath, file.ModelPath, file.VerdictPath])];
        Remove(path => kept.Contains(path) || IsAside(path));
    }

    /// <summary>Removes what other fetchers left of downloads that they will not go on with, where no lock tells whether they live.</summary>
    public void RemoveAbandoned()
    {
        // The clock of the volume may be another than that of this machine.
        DateTime now = File.GetLastWriteTimeUtc(LockPath);
        Remove(path => Path.GetFileName(path) is not { } name
            || !(name.StartsWith("partial", StringComparison.Ordinal) || name.StartsWith("linked", StringComparison.Ordinal))
            || now - File.GetLastWriteTimeUtc(path) < Abandoned);
    }

    /// <summary>Removes what was put aside; tells whether there was anything. The caller holds the lock, and nobody uses the model.</summary>
    public bool RemoveAside()
    {
        bool any = Directory.GetFiles(FolderPath).Any(IsAside);
        Remove(static path => !IsAside(path));
        return any;
    }

    /// <summary>Removes the file that another version is to replace, for the room that it takes; tells whether there was one. Nobody uses it.</summary>
    public bool TryFreeStale()
    {
        CachedFile file = Files(1)[0];
        bool any = File.Exists(file.ModelPath);
        file.Remove();
        return any;
    }

    /// <summary>Removes the files that were put aside, for the room they take, and keeps what is remembered of them.</summary>
    public bool TryFreeAside()
    {
        bool any = Contents(IsAside).Any(static file => file.SizeBytes > 0);
        Remove(static path => !IsAside(path) || path.EndsWith(".json", StringComparison.Ordinal));
        return any;
    }

    /// <summary>All files in the folder; those that go meanwhile do not count.</summary>
    public IReadOnlyList<FileIdentity> Contents() => Contents(static _ => true);

    private List<FileIdentity> Contents(Func<string, bool> counts) =>
        [.. Directory.GetFiles(FolderPath).Where(counts).Select(FileIdentity.TryOf).Where(static file => file is not null).Select(static file => file!.Value)];

    /// <summary>The verified files in the folder, of whatever model, with their records. A file whose record does not fit any more is left out.</summary>
    public IEnumerable<(Verdict Record, string Path)> Records()
    {
        Verdict[] records = [.. Directory.GetFiles(FolderPath, "verdict*.json").Select(Verdict.Read).OfType<Verdict>().Where(static record => record.Files is null)];
        return records.Length == 0
            ? []
            : from path in Directory.GetFiles(FolderPath, "*.gguf")
              let found = FileIdentity.TryOf(path)
              from record in records
              where found is { } identity && record.Fits(identity)
              select (record, path);
    }

    /// <summary>When the model was last asked for, or its use ended.</summary>
    public DateTime LastUse() => File.GetLastWriteTimeUtc(LockPath);

    /// <summary>Notes that the model is asked for, or used.</summary>
    public void Touch(DateTimeOffset now) => File.SetLastWriteTimeUtc(LockPath, now.UtcDateTime);

    /// <summary>Removes all but the two files that are locked: whoever waits for them has them open.</summary>
    public void Empty() => Remove(static _ => false);

    private void Remove(Predicate<string> keep)
    {
        foreach (string file in Directory.GetFiles(FolderPath).Where(file => file != LockPath && file != UsePath && !keep(file)).OrderBy(file => file != VerdictPath))
        {
            File.Delete(file);
        }
    }

    private string FolderKey => Path.GetFileName(FolderPath);

    private string SourceKey => FolderKey[..SourceKeyDigits];

    private static bool IsAside(string path) => Path.GetFileName(path).StartsWith(Quarantined, StringComparison.Ordinal);

    private static string Key(params ReadOnlySpan<string?> parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..KeyDigits];

    // The name is only for people who look into the folder; the other names in there end otherwise.
    private static string SafeName(string name)
    {
        var safe = new StringBuilder();
        foreach (char c in name.Length > MaxNameLength ? name[^MaxNameLength..] : name)
        {
            safe.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_');
        }

        string text = safe.ToString().TrimStart('.', '-');
        return text.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? text : text + ".gguf";
    }
}
