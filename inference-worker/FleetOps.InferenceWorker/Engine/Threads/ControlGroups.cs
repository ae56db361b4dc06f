namespace FleetOps.InferenceWorker.Engine.Threads;

/// <summary>The control groups of the process, by which the container's limits are set. Knows version 2 and version 1.</summary>
internal static class ControlGroups
{
    /// <summary>The file that names the groups of this process.</summary>
    public const string Membership = "/proc/self/cgroup";

    /// <summary>Where control groups are mounted.</summary>
    public const string Root = "/sys/fs/cgroup";

    /// <summary>The folders of the groups that bound a controller, from the process's own to the root, with the version of each.</summary>
    /// <param name="membership">The file that names the groups of the process.</param>
    /// <param name="root">Where the control groups are mounted.</param>
    /// <param name="controller">The controller, by the name that version 1 gives it.</param>
    public static IEnumerable<(string Folder, int Version)> Of(string membership, string root, string controller)
    {
        foreach (var line in (ReadOrNull(membership) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // hierarchy:controllers:path, where v2 has hierarchy 0 and no controllers.
            var parts = line.Split(':', 3);
            if (parts.Length != 3)
            {
                continue;
            }

            var controllers = parts[1].Split(',');
            var version = parts[0] is "0" && parts[1].Length == 0 ? 2 : controllers.Contains(controller, StringComparer.Ordinal) ? 1 : 0;
            if (version == 0)
            {
                continue;
            }

            var mount = version == 2 ? root : Path.Combine(root, parts[1]);
            if (version == 1 && !Directory.Exists(mount))
            {
                mount = Path.Combine(root, controller);
            }

            // Inside a container the path may be that of the host; the mount itself is then the container's group.
            for (var path = parts[2].Trim('/'); path.Length > 0; path = Path.GetDirectoryName(path) ?? "")
            {
                yield return (Path.Combine(mount, path), version);
            }

            yield return (mount, version);
        }
    }

    /// <summary>What a file says; null when it is not there.</summary>
    public static string? ReadOrNull(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
