using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// The files of a model with their headers and a hole where their weights would be. They have the size of the whole and take the room of the headers; they
/// are removed when this is disposed.
/// </summary>
internal sealed class SparseModel : IDisposable
{
    private const string Prefix = "estimate-";

    // An estimate takes a fraction of a second, so what is older was left by a process that died.
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private readonly string _folder;

    private SparseModel(string folder, string path) => (_folder, Path) = (folder, path);

    /// <summary>The first file.</summary>
    public string Path { get; }

    /// <summary>Writes the files.</summary>
    /// <param name="parent">A writable folder in which they get a folder of their own; made when absent.</param>
    /// <param name="heads">The heads of the files in their order.</param>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static SparseModel Write(string parent, IReadOnlyList<FileHead> heads)
    {
        var folder = System.IO.Path.Join(parent, $"{Prefix}{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        RemoveAbandoned(parent, Directory.GetLastWriteTimeUtc(folder));
        var model = new SparseModel(folder, System.IO.Path.Join(folder, heads[0].FileName));
        try
        {
            foreach (var head in heads)
            {
                using var file = new FileStream(System.IO.Path.Join(folder, head.FileName), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
                file.Write(head.Bytes.Span);
                file.SetLength(head.Header.FileLength);
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // The folder that was just made tells the time by the clock of the volume, which may be another than that of this machine.
    private static void RemoveAbandoned(string parent, DateTime now)
    {
        foreach (var old in Directory.GetDirectories(parent, $"{Prefix}*").Where(old => now - Directory.GetLastWriteTimeUtc(old) > Abandoned))
        {
            try
            {
                Directory.Delete(old, recursive: true);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Somebody else removes it, or may not be disturbed.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
