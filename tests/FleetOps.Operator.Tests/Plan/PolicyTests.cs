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
    [InlineData("llama3.1", "hf://o/r/f.gguf", "https://www.llama.com/llama3_1/license/")]
    [InlineData("house-rules", "hf://o/r/f.gguf", "https://huggingface.co/o/r")]
    [InlineData(null, "hf://o/r/f.gguf", "https://huggingface.co/o/r")]
    [InlineData("house-rules", "https://example.com/f.gguf", null)]
    public void The_licence_that_has_to_be_accepted_is_named_with_its_page(string? id, string source, string? page)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = source, License = id is null ? null : new() { Id = id } } });

        var message = Planner.Plan(new() { Model = model }, Strict).Obstacle!.Message;

        Assert.Equal(page is not null, message.Contains("https://", StringComparison.Ordinal));
        Assert.Contains(page is null ? $"licence {id} " : $"({page})", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_accepted_goes_to_the_worker_which_learns_the_real_licence()
    {
        var model = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", License = new() { Id = "apache-2.0", Accepted = true } } });

        Assert.Contains("--accepted-license apache-2.0", Arguments(model, Strict), StringComparison.Ordinal);
        // A gated source asks for it on its own.
        Assert.Contains("--accepted-license apache-2.0", Arguments(model, Given.Settings), StringComparison.Ordinal);

        var undecided = Given.Model(spec: new() { Model = new() { Source = "hf://o/r/f.gguf", License = new() { Id = "apache-2.0" } } });
        Assert.DoesNotContain("--accepted-license", Arguments(undecided, Given.Settings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hf://o/r/f.gguf", null, true)]
    [InlineData("s3://b/f.gguf", null, true)]
    [InlineData("oci://r.example.com/f:1", null, true)]
    [InlineData("https://example.com/f.gguf", null, false)]
    [InlineData("pvc://c/f.gguf", null, false)]
    [InlineData("https://example.com/f.gguf", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true)]
    public void Where_digests_are_demanded_weights_without_one_are_refused(string source, string? sha256, bool isServed)
    {
        var model = Given.Model(spec: new() { Model = new() { Source = source, Sha256 = sha256 } });
        var settings = Given.Settings with { RequiresDigest = true };

        var plan = Planner.Plan(new() { Model = model }, settings);

        Assert.Equal(isServed ? null : Reasons.PolicyViolation, plan.Obstacle?.Reason);
        Assert.Equal(isServed, plan.Deployment is not null);
        if (isServed)
        {
            Assert.Contains("--require-digest true", Arguments(model, settings), StringComparison.Ordinal);
            Assert.DoesNotContain("--require-digest", Arguments(model, Given.Settings), StringComparison.Ordinal);
        }
        else
        {
            Assert.Contains("spec.model.sha256", plan.Obstacle!.Message, StringComparison.Ordinal);
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

    private static string Arguments(ModelDeployment model, WorkerSettings settings) =>
        string.Join(' ', Planner.Plan(new() { Model = model }, settings).Deployment!.Spec.Template.Spec.Containers[0].Args);
}
