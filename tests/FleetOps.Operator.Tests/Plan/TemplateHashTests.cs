using System.Collections;
using System.Reflection;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Plan;
using k8s.Models;

namespace FleetOps.Operator.Tests.Plan;

public sealed class TemplateHashTests
{
    public static TheoryData<CacheSpec> Caches =>
    [
        new CacheSpec(),
        new CacheSpec { Type = CacheType.PersistentVolumeClaim, ClaimName = "weights" },
        new CacheSpec { Type = CacheType.HostPath, Path = "/srv/models" },
    ];

    // Guards against a field that the planner sets and the hash forgets: its change would never be seen as complete.
    [Theory, MemberData(nameof(Caches))]
    public void Every_field_of_the_template_is_in_its_hash(CacheSpec cache)
    {
        var spec = Given.Everything with { Cache = cache };
        var template = Planner.Plan(new() { Model = Given.Model(spec: spec) }, Given.Settings with { AllowedHostPaths = ["/srv"] }).Deployment!.Spec.Template;
        template.Metadata.Annotations.Remove(Labels.TemplateHash);
        var original = TemplateHash.Of(template, spec);
        var leaves = Leaves(template, "template").ToList();

        Assert.InRange(leaves.Count, 60, int.MaxValue);
        Assert.All(leaves, leaf =>
        {
            leaf.Change();
            Assert.True(original != TemplateHash.Of(template, spec), $"{leaf.Path} is not in the hash");
            leaf.Undo();
            Assert.Equal(original, TemplateHash.Of(template, spec));
        });
    }

    [Fact]
    public void Amounts_are_in_the_hash()
    {
        string HashOf(ModelDeploymentSpec spec) => Planner.Plan(new() { Model = Given.Model(spec: spec) }, Given.Settings).TemplateHash!;
        var spec = new ModelDeploymentSpec { Model = new() { Source = "hf://o/r/f.gguf" }, Resources = new() { Gpus = 1 }, Cache = new() { SizeLimit = "1Gi" } };

        string[] hashes =
        [
            HashOf(spec),
            HashOf(spec with { Resources = new() { Gpus = 2 } }),
            HashOf(spec with { Resources = new() { Gpus = 1, Cpu = "2" } }),
            HashOf(spec with { Resources = new() { Gpus = 1, Memory = "4Gi" } }),
            HashOf(spec with { Resources = new() { Gpus = 1, GpuResourceName = "amd.com/gpu" } }),
            HashOf(spec with { Cache = new() { SizeLimit = "2Gi" } }),
        ];

        Assert.Equal(hashes.Length, hashes.Distinct(StringComparer.Ordinal).Count());
    }

    private static IEnumerable<(string Path, Action Change, Action Undo)> Leaves(object node, string path)
    {
        foreach (var property in node.GetType().GetProperties().Where(property => property is { CanWrite: true, CanRead: true }))
        {
            var place = $"{path}.{property.Name}";
            switch (property.GetValue(node))
            {
                // Amounts come from the spec; what all templates share is hashed as a whole.
                case null or V1ResourceRequirements or ResourceQuantity:
                    break;
                case { } value when IsFixed(value):
                    break;
                case IDictionary<string, string> map:
                    foreach (var (key, text) in map.ToList())
                    {
                        yield return ($"{place}[{key}]", () => map[key] = text + "x", () => map[key] = text);
                    }

                    break;
                case IList<string> texts:
                    for (var i = 0; i < texts.Count; i++)
                    {
                        var (index, text) = (i, texts[i]);
                        yield return ($"{place}[{index}]", () => texts[index] = text + "x", () => texts[index] = text);
                    }

                    break;
                case IList items:
                    foreach (var leaf in items.Cast<object>().SelectMany((item, i) => Leaves(item, $"{place}[{i}]")))
                    {
                        yield return leaf;
                    }

                    break;
                case { } value when Changed(value) is { } changed:
                    yield return (place, () => property.SetValue(node, changed), () => property.SetValue(node, value));
                    break;
                case { } value:
                    foreach (var leaf in Leaves(value, place))
                    {
                        yield return leaf;
                    }

                    break;
            }
        }
    }

    private static object? Changed(object value) => value switch
    {
        string text => text + "x",
        int number => number + 1,
        long number => number + 1,
        bool yes => !yes,
        _ => null,
    };

    private static bool IsFixed(object value) =>
        ReferenceEquals(value, WorkerPodTemplate.Fixed.Spec.SecurityContext)
        || typeof(V1Container).GetProperties(BindingFlags.Public | BindingFlags.Instance).Any(property => ReferenceEquals(property.GetValue(WorkerPodTemplate.Fixed.Spec.Containers[0]), value));
}
