namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A folder of its own for one test, removed at its end.</summary>
public sealed class TestFolder(bool inMemory = false) : IDisposable
{
    private const string Memory = "/dev/shm";

    public string Path { get; } = inMemory && Directory.Exists(Memory)
        ? Directory.CreateDirectory(System.IO.Path.Join(Memory, $"fleetops-modelstore-{Guid.NewGuid():n}")).FullName
        : Directory.CreateTempSubdirectory("fleetops-modelstore-").FullName;

    public string this[string relative] => System.IO.Path.Join(Path, relative);

    public string Write(string relative, byte[] content)
    {
        string path = this[relative];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string relative, string content) => Write(relative, System.Text.Encoding.UTF8.GetBytes(content));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
