using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed class PlacementTests
{
    private const string Product = "nvidia.com/gpu.product";
    private const string Memory = "nvidia.com/gpu.memory";

    [Property]
    public Property A_node_takes_workers_when_the_spec_allows_it_and_its_GPUs_will_do() => Prop.ForAll(Arb.From(TermsGen()), Arb.From(NodeGen()), (terms, node) =>
    {
        var spec = Spec(new() { Gpus = 1, GpuProducts = ["NVIDIA-L40S", "NVIDIA-A40"], MinGpuMemory = "22Gi" }, terms is null ? null : Json(terms));
        var required = PodOf(spec).Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution;
        var hasGpu = node.GetValueOrDefault(Product) is "NVIDIA-L40S" or "NVIDIA-A40"
            && int.TryParse(node.GetValueOrDefault(Memory), NumberStyles.None, CultureInfo.InvariantCulture, out var mebibytes) && mebibytes >= 22 * 1024;

        return Takes(required.NodeSelectorTerms, node) == (hasGpu && (terms is null || Takes(terms, node)));
    });

    [Theory]
    [InlineData("22Gi", "22527")]
    [InlineData("24G", "22888")]
    [InlineData("1", "0")]
    [InlineData("1048577", "1")]
    public void Memory_of_a_GPU_is_rounded_up_to_what_the_label_tells(string asked, string greaterThan)
    {
        var affinity = PodOf(Spec(new() { Gpus = 1, MinGpuMemory = asked })).Affinity.NodeAffinity;

        var demand = Assert.Single(Assert.Single(affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms).MatchExpressions);
        Assert.Equal((Memory, "Gt", greaterThan), (demand.Key, demand.OperatorProperty, Assert.Single(demand.Values)));
    }

    [Fact]
    public void Preferences_and_affinity_to_pods_stay_as_they_are()
    {
        const string given =
            """
            {"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":5,"preference":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}]},
             "podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"zone","labelSelector":{"matchLabels":{"a":"b"}}}]}}
            """;

        var affinity = PodOf(Spec(new() { Gpus = 1, GpuProducts = ["NVIDIA-L40S"] }, given)).Affinity;

        Assert.Equal(5, Assert.Single(affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution).Weight);
        Assert.Equal("zone", Assert.Single(affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution).TopologyKey);
        Assert.Single(affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms);
    }

    [Theory]
    [InlineData("""{"nodeAfinity":{}}""", "spec.placement.affinity.nodeAfinity")]
    [InlineData("""{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":1}]}]}}}""", "matchExpressions[0].key")]
    public void Affinity_that_Kubernetes_would_not_understand_is_refused_and_the_place_is_named(string given, string place)
    {
        var plan = Planner.Plan(new() { Model = Given.Model(spec: Spec(new(), given)) }, Given.Settings);

        Assert.Equal((Reasons.InvalidSpec, true), (plan.Obstacle!.Reason, plan.Obstacle.RejectsSpec));
        Assert.StartsWith(SpecMessages.Affinity, plan.Obstacle.Message, StringComparison.Ordinal);
        Assert.Contains(place, plan.Obstacle.Message, StringComparison.Ordinal);
        Assert.Null(plan.Deployment);
    }

    [Theory]
    [InlineData(0, "nvidia.com/gpu", new string[0])]
    [InlineData(1, "nvidia.com/gpu", new[] { "nvidia.com/gpu" })]
    [InlineData(1, "nvidia.com/mig-1g.10gb", new[] { "nvidia.com/mig-1g.10gb", "nvidia.com/gpu" })]
    [InlineData(2, "amd.com/gpu", new[] { "amd.com/gpu" })]
    public void The_taint_of_nodes_with_GPUs_is_tolerated_by_those_who_use_them(int gpus, string resource, string[] keys)
    {
        var tolerations = PodOf(Spec(new() { Gpus = gpus, GpuResourceName = resource })).Tolerations ?? [];

        Assert.Equal(keys, tolerations.Select(toleration => toleration.Key));
        Assert.All(tolerations, toleration => Assert.Equal(("Exists", "NoSchedule"), (toleration.OperatorProperty, toleration.Effect)));
    }

    [Fact]
    public void Workers_prefer_different_nodes_when_nothing_is_said()
    {
        var constraint = Assert.Single(PodOf(Spec(new())).TopologySpreadConstraints);

        Assert.Equal(("kubernetes.io/hostname", "ScheduleAnyway", 1), (constraint.TopologyKey, constraint.WhenUnsatisfiable, constraint.MaxSkew));
        Assert.Equal("demo", constraint.LabelSelector.MatchLabels[Labels.Model]);
    }

    [Fact]
    public void The_longest_name_fits_wherever_it_is_written()
    {
        var name = string.Join('.', Enumerable.Repeat(new string('a', 63), 4))[..253];
        var plan = Planner.Plan(new() { Model = Given.Model(name, Given.Everything) }, Given.Settings);

        Assert.All(Given.Children(plan), child =>
        {
            Assert.InRange(child.Metadata.Name.Length, 1, 63);
            Assert.All(child.Metadata.Labels.Values, value => Assert.InRange(value.Length, 1, 63));
        });
        Assert.Equal(name, plan.Deployment!.Spec.Template.Metadata.Annotations[Labels.ModelName]);
        Assert.Equal(plan.Deployment.Spec.Selector.MatchLabels, plan.PodDisruptionBudget!.Spec.Selector.MatchLabels);
    }

    private static V1PodSpec PodOf(ModelDeploymentSpec spec) => Planner.Plan(new() { Model = Given.Model(spec: spec) }, Given.Settings).Deployment!.Spec.Template.Spec;

    private static ModelDeploymentSpec Spec(ResourcesSpec resources, string? affinity = null) => new()
    {
        Model = new() { Source = "hf://o/r/f.gguf" },
        Resources = resources,
        Placement = affinity is null ? null : new() { Affinity = Given.Json(affinity) },
    };

    private static string Json(IEnumerable<V1NodeSelectorTerm> terms) =>
        k8s.KubernetesJson.Serialize(new V1Affinity { NodeAffinity = new() { RequiredDuringSchedulingIgnoredDuringExecution = new() { NodeSelectorTerms = [.. terms] } } });

    // As the scheduler reads them: one term must match, in it every expression; a term without any matches no node.
    private static bool Takes(IEnumerable<V1NodeSelectorTerm> terms, Dictionary<string, string> node) =>
        terms.Any(term => term.MatchExpressions is { Count: > 0 } expressions && expressions.All(expression => Holds(expression, node)));

    private static bool Holds(V1NodeSelectorRequirement expression, Dictionary<string, string> node)
    {
        var value = node.GetValueOrDefault(expression.Key);
        return expression.OperatorProperty switch
        {
            "In" => value is not null && expression.Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            "Gt" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > int.Parse(expression.Values[0], CultureInfo.InvariantCulture),
            _ => throw new ArgumentException(expression.OperatorProperty, nameof(expression)),
        };
    }

    private static Gen<V1NodeSelectorTerm[]?> TermsGen()
    {
        var expression =
            from key in Gen.Elements("zone", "disk")
            from operation in Gen.Elements("In", "Exists", "DoesNotExist")
            select new V1NodeSelectorRequirement { Key = key, OperatorProperty = operation, Values = operation == "In" ? ["a", "b"] : null };
        var term =
            from count in Gen.Choose(0, 2)
            from expressions in expression.ArrayOf(count)
            select new V1NodeSelectorTerm { MatchExpressions = expressions };
        return
            from count in Gen.Choose(0, 4)
            from terms in term.ArrayOf(count)
            select count == 0 ? null : terms;
    }

    private static Gen<Dictionary<string, string>> NodeGen() =>
        from zone in Gen.Elements<string?>(null, "a", "c")
        from disk in Gen.Elements<string?>(null, "b")
        from product in Gen.Elements<string?>(null, "NVIDIA-L40S", "NVIDIA-A40", "NVIDIA-T4")
        from memory in Gen.Elements<string?>(null, "22527", "22528", "46068")
        select new[] { ("zone", zone), ("disk", disk), (Product, product), (Memory, memory) }
            .Where(label => label.Item2 is not null)
            .ToDictionary(label => label.Item1, label => label.Item2!, StringComparer.Ordinal);
}
