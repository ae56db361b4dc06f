namespace FleetOps.Architecture.Tests;

/// <summary>The repository as files.</summary>
internal static class Repository
{
    private static readonly string[] Built = ["bin", "obj", "artifacts", ".local", ".git", "node_modules"];

    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The C# files below a folder, without what is built.</summary>
    public static IEnumerable<string> SourceFiles(string folder) => Files(Path.Join(Root, folder), "*.cs");

    /// <summary>The project files below a folder.</summary>
    public static IEnumerable<string> ProjectFiles(string folder) => Files(Path.Join(Root, folder), "*.csproj");

    /// <summary>A path as people write it in this repository.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateDirectories(folder)
            .Where(below => !Built.Contains(Path.GetFileName(below)))
            .SelectMany(below => Files(below, pattern))
            .Concat(Directory.EnumerateFiles(folder, pattern));

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Join(folder, "FleetOps.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("FleetOps.sln is in no folder above the tests.");
    }
}
