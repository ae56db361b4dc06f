using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace FleetOps.Architecture.Tests;

/// <summary>What the compiled types use agrees with the table of the house.</summary>
public sealed class ImportTests
{
    private static readonly Dictionary<string, Assembly> Assemblies = House.Rooms
        .Where(room => room.Name is not "FleetOps.CrdGenerator")
        .ToDictionary(room => room.Name, Load, StringComparer.Ordinal);

    private static readonly ArchUnitNET.Domain.Architecture Compiled = new ArchLoader().LoadAssemblies([.. Assemblies.Values]).Build();

    public static TheoryData<string, string> ForbiddenArrows
    {
        get
        {
            var arrows = new TheoryData<string, string>();
            foreach ((Room from, Room to) in House.ForbiddenArrows.Where(arrow => Assemblies.ContainsKey(arrow.From.Name) && Assemblies.ContainsKey(arrow.To.Name)))
            {
                arrows.Add(from.Name, to.Name);
            }

            return arrows;
        }
    }

    public static TheoryData<string> Libraries => ["FleetOps.Api", "FleetOps.LlamaCpp", "FleetOps.ModelStore"];

    [Theory]
    [MemberData(nameof(ForbiddenArrows))]
    public void There_is_no_arrow_that_is_not_in_the_table(string from, string to)
    {
        IArchRule rule = Types().That().ResideInAssembly(Assemblies[from])
            .Should().NotDependOnAny(Types().That().ResideInAssembly(Assemblies[to]))
            .Because("the table of the house does not join them")
            .WithoutRequiringPositiveResults();
        rule.Check(Compiled);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void A_library_knows_nothing_of_web_servers_and_of_gRPC(string project)
    {
        string[] foreign = ["Microsoft.AspNetCore", "Microsoft.Extensions.Hosting", "Grpc.", "Google.Protobuf", "OpenTelemetry"];
        IEnumerable<string?> used = Assemblies[project].GetReferencedAssemblies().Select(assembly => assembly.Name)
            .Where(name => foreign.Any(prefix => name?.StartsWith(prefix, StringComparison.Ordinal) == true));
        Assert.Empty(used);
    }

    [Fact]
    public void The_controller_runtime_knows_no_model_and_no_GPU()
    {
        IArchRule rule = Types().That().ResideInAssembly(Assemblies["FleetOps.ControllerRuntime"])
            .Should().NotHaveNameContaining("Model").AndShould().NotHaveNameContaining("Gpu")
            .Because("it could be a package of its own");
        rule.Check(Compiled);
    }

    [Fact]
    public void Planning_needs_no_client_no_clock_and_no_disk()
    {
        // The plan is a pure function; what reads clocks or talks is before and after it.
        string[] impure = ["System.Net.Http", "System.IO.File", "System.TimeProvider", "System.DateTime.get_UtcNow", "k8s.Kubernetes"];
        var plan = Types().That().ResideInNamespaceMatching(@"^FleetOps\.Operator\.ModelDeployments\.Plan").As("the plan");
        IEnumerable<string> uses =
            from type in plan.GetObjects(Compiled)
            from dependency in type.Dependencies
            where impure.Any(prefix => dependency.Target.FullName.StartsWith(prefix, StringComparison.Ordinal))
            select $"{type.FullName} uses {dependency.Target.FullName}";
        Assert.NotEmpty(plan.GetObjects(Compiled));
        Assert.Empty(uses);
    }

    [Fact]
    public void Public_classes_are_sealed_unless_something_derives_from_them()
    {
        var bases = Compiled.Classes.Select(type => type.BaseClass?.FullName).ToHashSet(StringComparer.Ordinal);
        IEnumerable<string> open = Compiled.Classes
            .Where(type => type is { Visibility: Visibility.Public, IsSealed: not true, IsAbstract: not true } && !bases.Contains(type.FullName))
            // The compiler makes it of top-level statements.
            .Where(type => type.Name != "Program")
            .Where(type => !type.Namespace.FullName.StartsWith("FleetOps.Inference.V1", StringComparison.Ordinal))
            .Select(type => type.FullName);
        Assert.Empty(open);
    }

    private static Assembly Load(Room room) => Assembly.Load(room.Name switch
    {
        "FleetOps.Operator" => "fleetops-operator",
        "FleetOps.InferenceWorker" => "fleetops-worker",
        _ => room.Name,
    });
}
