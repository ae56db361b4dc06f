using FleetOps.Benchmarks.Cluster;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>Plays the users: creates namespaces with their Secret, and ModelDeployments.</summary>
internal sealed class ModelFleet(BenchCluster cluster)
{
    /// <summary>Requests that users have in flight.</summary>
    public const int InFlight = 16;

    /// <summary>Creates the namespaces of the fleet and the one for warming up.</summary>
    public async Task PrepareAsync(CancellationToken cancel)
    {
        foreach (var ns in FleetNames.All.Append(FleetNames.WarmUp))
        {
            await cluster.CreateNamespaceAsync(ns, cancel);
            await cluster.Admin.CreateAsync($"api/v1/namespaces/{ns}/secrets", "{apiVersion: v1, kind: Secret, metadata: {name: hf}, stringData: {token: none}}", cancel);
        }
    }

    /// <summary>Creates the ModelDeployments from one number up to another in the fleet's namespaces.</summary>
    public Task CreateAsync(int from, int to, CancellationToken cancel) => CreateAsync(from, to, FleetNames.NamespaceOf, cancel);

    /// <summary>Creates ModelDeployments that are not measured.</summary>
    public Task WarmUpAsync(int count, CancellationToken cancel) => CreateAsync(0, count, _ => FleetNames.WarmUp, cancel);

    private async Task CreateAsync(int from, int to, Func<int, string> namespaceOf, CancellationToken cancel) =>
        await Parallel.ForEachAsync(
            Enumerable.Range(from, to - from),
            new ParallelOptions { MaxDegreeOfParallelism = InFlight, CancellationToken = cancel },
            async (index, token) => await cluster.Admin.CreateAsync(FleetNames.ModelPath(namespaceOf(index)), FleetNames.Manifest(FleetNames.NameOf(index)), token));
}
