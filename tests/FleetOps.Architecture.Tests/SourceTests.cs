using System.Text.RegularExpressions;

namespace FleetOps.Architecture.Tests;

/// <summary>The form of the sources: a reader finds a type by its name and a folder by its namespace.</summary>
public sealed partial class SourceTests
{
    private const int MaxLines = 400;
    private static readonly string[] Everything = ["operator", "inference-worker", "tests"];
    private static readonly string[] Product = ["operator", "inference-worker"];

    public static TheoryData<string> Folders => [.. Everything];

    [Theory]
    [MemberData(nameof(Folders))]
    public void No_file_is_longer_than_400_lines(string folder)
    {
        IEnumerable<string> tooLong =
            from file in Repository.SourceFiles(folder)
            let lines = File.ReadLines(file).Count()
            where lines > MaxLines
            select $"{Repository.Relative(file)}: {lines}";
        Assert.Empty(tooLong);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_namespace_is_its_folder(string folder)
    {
        IEnumerable<string> wrong =
            from project in Repository.ProjectFiles(folder)
            let home = Path.GetDirectoryName(project)!
            from file in Repository.SourceFiles(Repository.Relative(home))
            let match = NamespaceLine().Match(File.ReadAllText(file))
            where match.Success
            // The proto files give the contract its namespace, and what stands beside the generated code shares it.
            let expected = Path.GetFileNameWithoutExtension(project) == "FleetOps.Inference.Protocol"
                ? "FleetOps.Inference.V1"
                : string.Join('.', [Path.GetFileNameWithoutExtension(project), .. Below(home, file)])
            where match.Groups["name"].Value != expected
            select $"{Repository.Relative(file)}: {match.Groups["name"].Value} instead of {expected}";
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_file_holds_one_public_type_and_has_its_name(string folder)
    {
        IEnumerable<string> wrong =
            from file in Repository.SourceFiles(folder)
            let types = PublicType().Matches(File.ReadAllText(file)).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToArray()
            where types.Length > 1 || (types.Length == 1 && Path.GetFileName(file).Split('.')[0] != types[0])
            select $"{Repository.Relative(file)}: {string.Join(", ", types)}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        IEnumerable<string> vague = Product.SelectMany(Repository.SourceFiles)
            .Where(file => VagueName().IsMatch(Path.GetFileNameWithoutExtension(file)))
            .Select(Repository.Relative);
        Assert.Empty(vague);
    }

    [Fact]
    public void Time_comes_from_a_TimeProvider_and_nothing_sleeps()
    {
        IEnumerable<string> wrong =
            from file in Product.SelectMany(Repository.SourceFiles)
            from line in File.ReadLines(file)
            where !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && WallClock().IsMatch(line)
            select $"{Repository.Relative(file)}: {line.Trim()}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_test_project_stands_beside_a_project_and_in_the_solution()
    {
        string solution = File.ReadAllText(Path.Join(Repository.Root, "FleetOps.sln"));
        IEnumerable<string> missing = Everything.SelectMany(Repository.ProjectFiles)
            .Where(file => !solution.Contains($"{Path.GetFileNameWithoutExtension(file)}.csproj", StringComparison.Ordinal))
            .Select(Repository.Relative);
        Assert.Empty(missing);
        Assert.All(
            House.Rooms.Where(room => room.Name is not "FleetOps.CrdGenerator"),
            room => Assert.True(Directory.Exists(Path.Join(Repository.Root, "tests", room.Name + ".Tests")), $"{room.Name} has no tests"));
    }

    private static string[] Below(string home, string file) =>
        Path.GetRelativePath(home, Path.GetDirectoryName(file)!).Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamespaceLine();

    // Files have file-scoped namespaces, so a type that begins a line is a type of the namespace.
    [GeneratedRegex(@"^public (?:(?:static|sealed|abstract|partial|readonly|ref|unsafe) )*(?:class|record struct|record class|record|struct|interface|enum|delegate [\w<>?.]+) (?<name>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PublicType();

    [GeneratedRegex("(Helper|Manager|Util|Utils|Utility|Misc|Common)s?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VagueName();

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset)\.(Utc)?Now\b|\bThread\.Sleep\(|\bDateTime\.Today\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WallClock();
}
