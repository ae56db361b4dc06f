using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Metrics;

/// <summary>A gauge that every ModelDeployment has.</summary>
/// <param name="Name">Its name; dashboards and alerts are written against it.</param>
/// <param name="Help">What it tells.</param>
/// <param name="Tell">Gives a model's samples.</param>
/// <param name="MostSamples">How many a model has at most.</param>
internal sealed record ModelFamily(string Name, string Help, Action<ModelDeployment, StartupTimes?, ISampleTarget> Tell, int MostSamples = 1);
