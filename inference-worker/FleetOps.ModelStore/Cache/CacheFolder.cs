using System.Security.Cryptography;
using System.Text;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// The places of one source in the model directory: <c>KEY/NAME</c> is the model, beside it <c>verdict.json</c>, the partial file with its record, and the
/// lock. The key is a digest of the source, so two sources never share a folder and no secret of a URL shows in a path.
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

    /// <summary>The places of a plan.</summary>
    /// <param name="modelDirectory">Folder of all models.</param>
    /// <param name="plan">The plan; its digest does not matter, so that a corrected digest finds the old file.</param>
    /// <param name="origin">What else tells sources apart: the address of the hub.</param>
    public static CacheFolder Of(string modelDirectory, FetchPlan plan, string origin)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', origin, plan.Source.Identity, plan.Revision)));
        return new CacheFolder(Path.Join(modelDirectory, Convert.ToHexStringLower(key)[..KeyDigits]), SafeName(plan.Source.FileName));
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
