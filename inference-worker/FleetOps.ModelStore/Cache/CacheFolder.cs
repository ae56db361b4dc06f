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
    private const int KeyDigits = 32;
    private const int MaxNameLength = 128;

    private readonly string _name;

    private CacheFolder(string path, string name) => (FolderPath, _name) = (path, name);

    public string FolderPath { get; }

    /// <summary>The record of the whole model: when it is there, so are all its files.</summary>
    public string VerdictPath => Path.Join(FolderPath, "verdict.json");

    public string LockPath => Path.Join(FolderPath, "lock");

    public string UsePath => Path.Join(FolderPath, "use");

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
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', origin, plan.Source.Identity, plan.Revision)));
        return new CacheFolder(Path.Join(modelDirectory, Convert.ToHexStringLower(key)[..KeyDigits]), SafeName(plan.Source.FileName));
    }

    /// <summary>The places of the files of a model, in their order.</summary>
    /// <param name="count">How many it has.</param>
    public IReadOnlyList<CachedFile> Files(int count)
    {
        if (count == 1)
        {
            return [new CachedFile(FolderPath, _name, "")];
        }

        // llama.cpp finds the others by the name of the first.
        SplitName split = SplitName.Parse(_name) is { } named && named.Count == count ? named : new SplitName(Path.GetFileNameWithoutExtension(_name), 1, count);
        return [.. Enumerable.Range(1, count).Select(number => new CachedFile(FolderPath, split.Of(number), string.Create(CultureInfo.InvariantCulture, $"-{number:D5}")))];
    }

    /// <summary>Removes what is no part of a model that is to come: files of another one, the record of the whole, and what was put aside.</summary>
    /// <param name="files">The files of the model that is to come; downloads of these that are not finished stay, as do the finished ones of a split model.</param>
    public void KeepOnly(IReadOnlyList<CachedFile> files)
    {
        HashSet<string> kept = [.. files.SelectMany(static file => (string[])[file.PartPath, file.PartRecordPath])];
        if (files.Count > 1)
        {
            kept.UnionWith(files.SelectMany(static file => (string[])[file.ModelPath, file.VerdictPath]));
        }

        Remove(kept.Contains);
    }

    /// <summary>All files in the folder; those that go meanwhile do not count.</summary>
    public IReadOnlyList<FileIdentity> Contents() =>
        [.. Directory.GetFiles(FolderPath).Select(FileIdentity.TryOf).Where(static file => file is not null).Select(static file => file!.Value)];

    /// <summary>The verified files in the folder, of whatever model, with their records. A file whose record does not fit any more is left out.</summary>
    public IEnumerable<(Verdict Record, string Path)> Records()
    {
        Verdict[] records = [.. Directory.GetFiles(FolderPath, "verdict*.json").Select(Verdict.Read).OfType<Verdict>().Where(static record => record.Files is null)];
        return records.Length == 0
            ? []
            : from path in Directory.GetFiles(FolderPath, "*.gguf")
              let found = FileIdentity.TryOf(path)
              from record in records
              where found == new FileIdentity(record.SizeBytes, record.ModifiedNanoseconds, record.Inode)
              select (record, path);
    }

    /// <summary>When the model was last asked for, or its use ended.</summary>
    public DateTime LastUse() => File.GetLastWriteTimeUtc(LockPath);

    /// <summary>Notes that the model is asked for.</summary>
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
