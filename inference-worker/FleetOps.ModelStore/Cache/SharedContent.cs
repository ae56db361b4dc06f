using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Cache;

/// <summary>
/// Lets models of other sources give their bytes to one that is to come and has the same digest: by a hard link, so that the volume holds them once. What is
/// linked is hashed like any file on a disk; where it cannot be linked it is downloaded.
/// </summary>
internal sealed class SharedContent(string modelDirectory)
{
    /// <summary>Links what other folders have of a model.</summary>
    /// <param name="mine">The folder of the model.</param>
    /// <param name="files">Its files.</param>
    /// <param name="digests">The digest that each has to have; null where nobody names one.</param>
    public void LinkTo(CacheFolder mine, IReadOnlyList<CachedFile> files, IReadOnlyList<string?> digests)
    {
        Dictionary<string, CachedFile> wanted = [];
        foreach ((CachedFile file, string? digest) in files.Zip(digests))
        {
            if (digest is not null && !File.Exists(file.ModelPath))
            {
                wanted[digest] = file;
            }
        }

        foreach (CacheFolder other in wanted.Count == 0 ? [] : CacheFolder.All(modelDirectory).Where(other => other.FolderPath != mine.FolderPath))
        {
            foreach ((Verdict record, string path) in other.Records())
            {
                if (wanted.TryGetValue(record.Sha256, out CachedFile? file) && NativeFiles.TryLink(path, file.LinkPath))
                {
                    wanted.Remove(record.Sha256);
                }
            }
        }
    }

    /// <summary>The digests that the files of a model have to have, as far as somebody names them.</summary>
    public static IReadOnlyList<string?> Digests(FetchPlan plan, RemoteModel remote) =>
        [.. remote.Files.Select(file => file.Sha256 ?? (remote.Files.Count == 1 ? plan.Sha256 : null))];
}
