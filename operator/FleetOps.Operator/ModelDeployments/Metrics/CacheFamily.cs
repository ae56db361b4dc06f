using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>A gauge that every ModelCache has.</summary>
/// <param name="Name">Its name; dashboards and alerts are written against it.</param>
/// <param name="Help">What it tells.</param>
/// <param name="Tell">Gives a ModelCache's samples.</param>
/// <param name="MostSamples">How many one has at most.</param>
internal sealed record CacheFamily(string Name, string Help, Action<ModelCache, ISampleTarget> Tell, int MostSamples = 1);
