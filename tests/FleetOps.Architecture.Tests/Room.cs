namespace FleetOps.Architecture.Tests;

/// <summary>One project of the product.</summary>
/// <param name="Folder">The folder it lies in.</param>
/// <param name="Name">Its name, which is also its root namespace.</param>
/// <param name="Projects">Projects it may use.</param>
/// <param name="Packages">Packages it may use.</param>
internal sealed record Room(string Folder, string Name, IReadOnlyList<string> Projects, IReadOnlyList<string> Packages)
{
    public string Path => System.IO.Path.Join(Folder, Name);

    public string ProjectFile => System.IO.Path.Join(Repository.Root, Path, Name + ".csproj");

    public override string ToString() => Name;
}
