using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>
/// The files of a model with their headers and a hole where their weights would be. They have the size of the whole and take the room of the headers; they
/// are removed when this is disposed.
/// </summary>
internal sealed class SparseModel : IDisposable
{
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
        var folder = System.IO.Path.Join(parent, $"estimate-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
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

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
