using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Metrics;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>The gauges of models as the text of a scrape.</summary>
internal static class ModelText
{
    /// <param name="models">The models, in any order.</param>
    /// <param name="startups">How their workers started.</param>
    public static ScrapeText Write(IEnumerable<ModelDeployment> models, ModelStartups startups)
    {
        var sorted = models
            .OrderBy(model => model.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .ThenBy(model => model.Metadata.Name, StringComparer.Ordinal)
            .Select(model => (Model: model, Startup: startups.Of(ObjectKey.Of(model))))
            .ToList();
        using var writer = new ScrapeTextWriter();
        var target = new Target(writer);
        foreach (var family in ModelFamilies.All)
        {
            writer.Family(family.Name, family.Help);
            foreach (var (model, startup) in sorted)
            {
                target.Model = model;
                family.Tell(model, startup, target);
            }
        }

        return writer.ToText();
    }

    private sealed class Target(ScrapeTextWriter writer) : ISampleTarget
    {
        public ModelDeployment Model { get; set; } = null!;

        public void Add(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels)
        {
            writer.Begin();
            writer.Label(ModelFamilies.Namespace, Model.Metadata.NamespaceProperty);
            writer.Label(ModelFamilies.Model, Model.Metadata.Name);
            foreach (var (name, text) in labels)
            {
                writer.Label(name, text);
            }

            writer.End(value);
        }
    }
}
