using System.Globalization;

namespace FleetOps.ModelStore.Files;

/// <summary>
/// Tells whether a lock on a file keeps everybody out who could open the file. Some volumes that several machines mount answer that a lock is held and mean
/// this machine alone, and .NET takes an error of the lock call for success; where that cannot be excluded nothing may rest on the lock.
/// </summary>
internal static class VolumeLocks
{
    private const string MountInfo = "/proc/self/mountinfo";
    private const int MountPointField = 4;

    /// <summary>Whether the volume of a file passes locks on to all machines that mount it.</summary>
    /// <param name="path">Absolute path of the file.</param>
    public static bool ReachAll(string path)
    {
        try
        {
            return ReachAll(File.ReadAllText(MountInfo), path);
        }
        catch (Exception e) when (DiskFaults.IsDiskFault(e))
        {
            return false;
        }
    }

    /// <summary>The same, given what the kernel says about its mounts.</summary>
    public static bool ReachAll(string mountInfo, string path)
    {
        (string point, string kind, string options) = ("", "", "");
        foreach (string line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] halves = line.Split(" - ", 2);
            string[] place = halves[0].Split(' ');
            string[] what = halves.Length == 2 ? halves[1].Split(' ') : [];
            if (place.Length <= MountPointField || what.Length < 3)
            {
                continue;
            }

            // Of several mounts on one place the last one covers the others.
            string mounted = Unescape(place[MountPointField]);
            if (mounted.Length >= point.Length && Holds(mounted, path))
            {
                (point, kind, options) = (mounted, what[0], what[2]);
            }
        }

        string[] set = options.Split(',');
        return kind switch
        {
            "nfs" or "nfs4" => !set.Contains("nolock") && !set.Any(static option => option is "local_lock=all" or "local_lock=flock"),
            "cifs" or "smb3" => !set.Contains("nobrl") && !set.Contains("nolock"),
            "lustre" => set.Contains("flock"),

            // Whether the program behind it passes them on does not show.
            "9p" or "virtiofs" or "fuse" => false,
            _ => !kind.StartsWith("fuse.", StringComparison.Ordinal),
        };
    }

    private static bool Holds(string folder, string path) =>
        folder == "/" || (path.StartsWith(folder, StringComparison.Ordinal) && (path.Length == folder.Length || path[folder.Length] == '/'));

    // The kernel writes blanks and the like as three octal digits.
    private static string Unescape(string text)
    {
        for (int at = text.IndexOf('\\', StringComparison.Ordinal); at >= 0 && at + 3 < text.Length; at = text.IndexOf('\\', at + 1))
        {
            if (int.TryParse(text.AsSpan(at + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int octal))
            {
                text = $"{text[..at]}{(char)(octal / 100 * 64 + octal / 10 % 10 * 8 + octal % 10)}{text[(at + 4)..]}";
            }
        }

        return text;
    }
}
