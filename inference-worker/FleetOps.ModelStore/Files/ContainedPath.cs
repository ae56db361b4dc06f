namespace FleetOps.ModelStore.Files;

/// <summary>Resolves a path inside a folder that is not trusted, following symbolic links only where they stay inside.</summary>
public static class ContainedPath
{
    private const int MaxLinks = 40;

    /// <summary>The real path of a file inside a root; null when a link leads out of the root or in circles.</summary>
    /// <param name="root">An existing folder. The way to it may hold links.</param>
    /// <param name="relative">Segments with <c>/</c> between them, without <c>..</c>.</param>
    public static string? Resolve(string root, string relative)
    {
        string realRoot = RealFolder(root);
        var pending = new Stack<string>(relative.Split('/').Reverse());
        string current = realRoot;
        int links = 0;
        while (pending.TryPop(out string? segment))
        {
            if (segment is "" or ".")
            {
                continue;
            }

            if (segment == "..")
            {
                if (current == realRoot)
                {
                    return null;
                }

                current = Path.GetDirectoryName(current)!;
                continue;
            }

            string next = Path.Join(current, segment);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                current = next;
                continue;
            }

            // A mounted volume knows nothing of the root it is mounted under, so an absolute target cannot mean a place inside it.
            if (++links > MaxLinks || Path.IsPathRooted(target))
            {
                return null;
            }

            foreach (string part in target.Split('/').Reverse())
            {
                pending.Push(part);
            }
        }

        return current;
    }

    private static string RealFolder(string path) =>
        Directory.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
}
