using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.Tests.Plan;

public sealed class PolicyTests
{
    private static readonly WorkerSettings Strict = Given.Settings with { RequiresLicenseAcceptance = true };

    public static TheoryData<LicenseSpec?, bool, bool> Licenses => new()
    {
        { null, false, true },
        { null, true, false },
        { new() { Id = "llama3.1" }, false, true },
        { new() { Id = "llama3.1" }, true, false },
        { new() { Id = "llama3.1", Accepted = false }, false, false },
        { new() { Id = "llama3.1", Accepted = true }, true, true },
    };

    [Theory, MemberData(nameof(Licenses))]
    public void A_model_is_served_when_its_licence_is_accepted_or_nobody_asks(LicenseSpec? license, bool isDemanded, bool isServed)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", License = license } });

        var plan = Planner.Plan(new() { Model = model }, isDemanded ? Strict : Given.Settings);

        Assert.Equal(isServed, plan.Deployment is not null);
        Assert.Equal(isServed ? null : Reasons.LicenseNotAccepted, plan.Obstacle?.Reason);
        if (!isServed)
        {
            Assert.True(plan.Obstacle!.RejectsSpec);
            Assert.Contains("spec.model.license.accepted", plan.Obstacle.Message, StringComparison.Ordinal);
            Assert.Contains(license?.Id ?? "spec.model.license.id", plan.Obstacle.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/var/lib/models", new[] { "/var/lib/models" }, true)]
    [InlineData("/var/lib/models/team", new[] { "/srv", "/var/lib/models" }, true)]
    [InlineData("/var/lib/models/team", new[] { "/var/lib/models/" }, true)]
    [InlineData("/var/lib/models-of-others", new[] { "/var/lib/models" }, false)]
    [InlineData("/var/lib", new[] { "/var/lib/models" }, false)]
    [InlineData("/var/lib/models", new string[0], false)]
    public void A_directory_of_the_node_is_used_only_where_the_installation_allows_it(string path, string[] allowed, bool isAllowed)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf" }, Cache = new() { Type = CacheType.HostPath, Path = path } });

        var plan = Planner.Plan(new() { Model = model }, Given.Settings with { AllowedHostPaths = allowed });

        Assert.Equal(isAllowed ? null : Reasons.PolicyViolation, plan.Obstacle?.Reason);
        Assert.Equal(isAllowed ? path : null, plan.Deployment?.Spec.Template.Spec.Volumes[0].HostPath.Path);
        if (!isAllowed)
        {
            Assert.True(plan.Obstacle!.RejectsSpec);
            Assert.StartsWith($"spec.cache.path {path} is not allowed", plan.Obstacle.Message, StringComparison.Ordinal);
        }
    }
}
