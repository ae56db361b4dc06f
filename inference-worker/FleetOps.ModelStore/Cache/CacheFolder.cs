using System.Security.Cryptography;
using System.Text;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// The places of one source in the model directory: <c>KEY/NAME</c> is the model, beside it <c>verdict.json</c>, the partial file with its record, the
/// lock, and who uses it. The key is a digest of the source, so two sources never share a folder and no secret of a URL shows in a path.
/// </summary>
internal sealed class CacheFolder
{
    private const int KeyDigits = 32;
    private const int MaxNameLength = 128;

    private CacheFolder(string path, string name) => (FolderPath, ModelPath) = (path, Path.Join(path, name));

    public string FolderPath { get; }

    public string ModelPath { get; }

    public string VerdictPath => Path.Join(FolderPath, "verdict.json");

    public string PartPath => Path.Join(FolderPath, "partial");

    public string PartRecordPath => Path.Join(FolderPath, "partial.json");

    public string LockPath => Path.Join(FolderPath, "lock");

    public string UsePath => Path.Join(FolderPath, "use");

    /// <summary>Where a download is put aside whose bytes are not those that its digest names.</summary>
    public string QuarantinePath => Path.Join(FolderPath, "quarantined");

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

    /// <summary>Size of all files in the folder; files that go meanwhile do not count.</summary>
    public long SizeBytes() => new DirectoryInfo(FolderPath).EnumerateFiles().Sum(static file => file.Exists ? file.Length : 0);

    /// <summary>When the model was last asked for, or its use ended.</summary>
    public DateTime LastUse() => File.GetLastWriteTimeUtc(LockPath);

    /// <summary>Notes that the model is asked for.</summary>
    public void Touch(DateTimeOffset now) => File.SetLastWriteTimeUtc(LockPath, now.UtcDateTime);

    /// <summary>Removes all but the two files that are locked: whoever waits for them has them open.</summary>
    public void Empty()
    {
        foreach (string file in Directory.GetFiles(FolderPath).Where(file => file != LockPath && file != UsePath))
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
