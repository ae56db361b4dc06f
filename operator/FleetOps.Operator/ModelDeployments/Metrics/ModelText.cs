using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>The gauges of models and of ModelCaches as the text of a scrape.</summary>
internal static class ModelText
{
    /// <param name="models">The models, in any order.</param>
    /// <param name="startups">How their workers started.</param>
    /// <param name="caches">The ModelCaches, in any order.</param>
    public static ScrapeText Write(IEnumerable<ModelDeployment> models, ModelStartups startups, IEnumerable<ModelCache> caches)
    {
        using var writer = new ScrapeTextWriter();
        var target = new Target(writer);
        var sortedCaches = Sorted(caches).ToList();
        foreach (var family in sortedCaches.Count == 0 ? [] : CacheFamilies.All)
        {
            writer.Family(family.Name, family.Help);
            foreach (var cache in sortedCaches)
            {
                target.About(CacheFamilies.Cache, cache.Metadata);
                family.Tell(cache, target);
            }
        }

        var sorted = Sorted(models).Select(model => (Model: model, Startup: startups.Of(ObjectKey.Of(model)))).ToList();
        foreach (var family in ModelFamilies.All)
        {
            writer.Family(family.Name, family.Help);
            foreach (var (model, startup) in sorted)
            {
                target.About(ModelFamilies.Model, model.Metadata);
                family.Tell(model, startup, target);
            }
        }

        return writer.ToText();
    }

    private static IEnumerable<T> Sorted<T>(IEnumerable<T> all)
        where T : IKubernetesObject<V1ObjectMeta> =>
        all.OrderBy(one => one.Metadata.NamespaceProperty, StringComparer.Ordinal).ThenBy(one => one.Metadata.Name, StringComparer.Ordinal);

    private sealed class Target(ScrapeTextWriter writer) : ISampleTarget
    {
        private string _label = "";
        private V1ObjectMeta _metadata = null!;

        public void About(string label, V1ObjectMeta metadata) => (_label, _metadata) = (label, metadata);

        public void Add(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels)
        {
            writer.Begin();
            writer.Label(ModelFamilies.Namespace, _metadata.NamespaceProperty);
            writer.Label(_label, _metadata.Name);
            foreach (var (name, text) in labels)
            {
                writer.Label(name, text);
            }

            writer.End(value);
        }
    }
}
