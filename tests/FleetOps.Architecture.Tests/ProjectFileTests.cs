using System.Xml.Linq;

namespace FleetOps.Architecture.Tests;

/// <summary>What the project files say agrees with the table of the house.</summary>
public sealed class ProjectFileTests
{
    public static TheoryData<string> Projects => [.. House.Rooms.Select(room => room.Name)];

    [Fact]
    public void Every_project_of_the_product_is_in_the_table() =>
        Assert.Equal(
            House.Rooms.Select(room => room.Name).Order(StringComparer.Ordinal),
            new[] { "operator", "inference-worker" }.SelectMany(Repository.ProjectFiles).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!);

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_only_the_projects_in_the_table(string project)
    {
        Room room = Find(project);
        Assert.Empty(Includes(room, "ProjectReference").Select(Path.GetFileNameWithoutExtension).Except(room.Projects));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_only_the_packages_in_the_table(string project)
    {
        Room room = Find(project);
        Assert.Empty(Includes(room, "PackageReference").Except(room.Packages));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void The_table_names_no_package_that_is_not_used(string project)
    {
        Room room = Find(project);
        Assert.Empty(room.Packages.Except(Includes(room, "PackageReference")));
    }

    [Fact]
    public void Versions_stand_in_one_place()
    {
        IEnumerable<string> versioned =
            from file in new[] { "operator", "inference-worker", "tests" }.SelectMany(Repository.ProjectFiles)
            from reference in XDocument.Load(file).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
            select $"{Repository.Relative(file)}: {reference.Attribute("Include")?.Value}";
        Assert.Empty(versioned);
    }

    [Fact]
    public void Libraries_are_compatible_with_ahead_of_time_compilation()
    {
        IEnumerable<string> others = House.Rooms
            .Where(room => room.Name is not "FleetOps.CrdGenerator")
            .Where(room => XDocument.Load(room.ProjectFile).Descendants("IsAotCompatible").All(property => property.Value != "true")
                && XDocument.Load(room.ProjectFile).Descendants("PublishAot").All(property => property.Value != "true"))
            .Select(room => room.Name);
        Assert.Empty(others);
    }

    private static Room Find(string project) => House.Rooms.Single(room => room.Name == project);

    private static IEnumerable<string> Includes(Room room, string element) => XDocument.Load(room.ProjectFile)
        .Descendants(element)
        .Select(reference => reference.Attribute("Include")?.Value)
        .OfType<string>();
}
