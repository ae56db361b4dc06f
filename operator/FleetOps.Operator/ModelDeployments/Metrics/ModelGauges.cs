using System.Diagnostics.Metrics;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Hosting;
using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;
using k8s.Models;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>The gauges of models and ModelCaches as instruments, for collectors that have metrics sent. They tell something only while this process leads.</summary>
internal sealed class ModelGauges
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "FleetOps.ModelDeployments";

    private const int MostModels = 10_000;

    private const int MostCaches = 1000;

    private readonly IStore<ModelDeployment> _models;
    private readonly IStore<ModelCache> _caches;
    private readonly ModelStartups _startups;
    private readonly Func<bool> _leads;

    public ModelGauges(IMeterFactory meters, IStore<ModelDeployment> models, IStore<ModelCache> caches, ModelStartups startups, LeaderElection election, ControllerRuntimeOptions runtime)
    {
        _models = models;
        _caches = caches;
        _startups = startups;
        _leads = () => !runtime.LeaderElect || election.IsLeader;
        var meter = meters.Create(MeterName);
        foreach (var family in ModelFamilies.All)
        {
            meter.CreateObservableGauge(family.Name, () => Measure(family), description: family.Help);
        }

        foreach (var family in CacheFamilies.All)
        {
            meter.CreateObservableGauge(family.Name, () => Measure(family), description: family.Help);
        }
    }

    /// <summary>How many series an instrument may have; of larger fleets, the rest is told as one.</summary>
    public static int MostSeries(Instrument gauge) => ModelFamilies.All.FirstOrDefault(family => family.Name == gauge.Name) is { } family
        ? MostModels * family.MostSamples
        : MostCaches * CacheFamilies.All.First(cached => cached.Name == gauge.Name).MostSamples;

    private List<Measurement<double>> Measure(ModelFamily family)
    {
        var target = new Target();
        foreach (var model in _leads() ? _models.List() : [])
        {
            target.About(ModelFamilies.Model, model.Metadata);
            family.Tell(model, _startups.Of(ObjectKey.Of(model)), target);
        }

        return target.Measurements;
    }

    private List<Measurement<double>> Measure(CacheFamily family)
    {
        var target = new Target();
        foreach (var cache in _leads() ? _caches.List() : [])
        {
            target.About(CacheFamilies.Cache, cache.Metadata);
            family.Tell(cache, target);
        }

        return target.Measurements;
    }

    private sealed class Target : ISampleTarget
    {
        private string _label = "";
        private V1ObjectMeta _metadata = null!;

        public void About(string label, V1ObjectMeta metadata) => (_label, _metadata) = (label, metadata);

        public List<Measurement<double>> Measurements { get; } = [];

        public void Add(double value, params ReadOnlySpan<KeyValuePair<string, string>> labels)
        {
            var tags = new KeyValuePair<string, object?>[labels.Length + 2];
            tags[0] = new(ModelFamilies.Namespace, _metadata.NamespaceProperty);
            tags[1] = new(_label, _metadata.Name);
            for (var i = 0; i < labels.Length; i++)
            {
                tags[i + 2] = new(labels[i].Key, labels[i].Value);
            }

            Measurements.Add(new(value, tags.AsSpan()));
        }
    }
}
