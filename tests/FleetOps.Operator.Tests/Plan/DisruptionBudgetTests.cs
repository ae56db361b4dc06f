using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed class DisruptionBudgetTests
{
    [Theory]
    [InlineData(0, null, null)]
    [InlineData(1, null, null)]
    [InlineData(2, null, "1")]
    [InlineData(1, "1", "1")]
    [InlineData(4, "50%", "50%")]
    public void There_is_a_budget_for_several_workers_or_when_it_is_asked_for(int replicas, string? asked, string? minAvailable)
    {
        var plan = Planner.Plan(new() { Model = Model(replicas, asked) }, Given.Settings);

        Assert.Equal(minAvailable, (string?)plan.PodDisruptionBudget?.Spec.MinAvailable);
        Assert.Empty(plan.Unwanted);
    }

    [Fact]
    public void Scaling_to_one_worker_removes_the_budget()
    {
        var observed = Given.Carried(Model(2));

        var plan = Planner.Plan(observed with { Model = Model(1) }, Given.Settings);

        Assert.Null(plan.PodDisruptionBudget);
        Assert.Equal([new ChildReference("PodDisruptionBudget", "demo")], plan.Unwanted);
    }

    [Fact]
    public void A_budget_of_someone_else_is_left_alone_and_only_in_the_way_when_ours_is_wanted()
    {
        var theirs = ObservedObject.Of(BuiltInTypes.PodDisruptionBudgets, new V1PodDisruptionBudget { Metadata = new() { Name = "demo" } });

        var one = Planner.Plan(new() { Model = Model(1), PodDisruptionBudget = theirs }, Given.Settings);
        var two = Planner.Plan(new() { Model = Model(2), PodDisruptionBudget = theirs }, Given.Settings);

        Assert.Null(one.Obstacle);
        Assert.Empty(one.Unwanted);
        Assert.Equal(Reasons.NameTaken, two.Obstacle!.Reason);
        Assert.StartsWith("PodDisruptionBudget demo exists", two.Obstacle.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_knows_no_budgets_gets_none()
    {
        var plan = Planner.Plan(new() { Model = Model(2), ServesPodDisruptionBudgets = false }, Given.Settings);

        Assert.Null(plan.PodDisruptionBudget);
        Assert.NotNull(plan.Deployment);
    }

    private static ModelDeployment Model(int replicas, string? minAvailable = null) => Given.Model(spec: new()
    {
        Model = new() { Source = "hf://o/r/f.gguf" },
        Replicas = replicas,
        Disruption = minAvailable is null ? null : new() { MinAvailable = minAvailable },
    });
}
