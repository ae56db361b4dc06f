using FleetOps.CrdGenerator;

namespace FleetOps.Api.Tests;

public sealed class GeneratedFilesTests
{
    public static TheoryData<string> Paths => [.. GeneratedFiles.All("charts/fleetops", "deploy/crds").Select(file => file.Path)];

    [Theory, MemberData(nameof(Paths))]
    public void The_checked_in_file_is_what_the_types_generate(string path)
    {
        var generated = GeneratedFiles.All("charts/fleetops", "deploy/crds").Single(file => file.Path == path).Content;

        var checkedIn = File.ReadAllText(Path.Combine(RepositoryFiles.Root, path));

        Assert.True(generated == checkedIn, $"{path} differs from what the types of FleetOps.Api generate: run `make crds` and commit the result.");
    }
}
