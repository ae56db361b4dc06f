using FleetOps.Benchmarks.Reports;
using FleetOps.Benchmarks.Worker.Load;
using FleetOps.Benchmarks.Worker.Servers;

namespace FleetOps.Benchmarks.Worker.Figures;

/// <summary>
/// Runs the worker and the peer in turn on the same work. The speed of a machine drifts by more than what is compared, so a ratio is taken within
/// each pair, and the median over the pairs. A pair during which others used the CPU is thrown away and run again.
/// </summary>
internal static class Pairs
{
    private const double MostForeignCores = 0.15;

    /// <summary>Runs pairs.</summary>
    /// <param name="worker">The one contender.</param>
    /// <param name="peer">The other.</param>
    /// <param name="runs">How many pairs are wanted.</param>
    /// <param name="measure">Measures one contender; the number of the pair chooses the work.</param>
    /// <param name="cancel">Gives up.</param>
    public static async Task<IReadOnlyList<(T Worker, T Peer)>> RunAsync<T>(
        IModelServer worker, IModelServer peer, int runs, Func<IModelServer, int, Task<T>> measure, CancellationToken cancel)
    {
        var pairs = new List<(T, T)>();
        for (var run = 0; pairs.Count < runs; run++)
        {
            cancel.ThrowIfCancellationRequested();
            var foreign = ForeignCpu.Begin(worker.Id, peer.Id);
            // Who goes first takes turns, because the second finds the machine warmer.
            var (first, second) = run % 2 == 0 ? (worker, peer) : (peer, worker);
            var ofFirst = await measure(first, run);
            var ofSecond = await measure(second, run);
            var cores = foreign.Cores();
            // Enough is enough on a machine that is never quiet.
            if (cores > MostForeignCores && run < runs * 2)
            {
                Progress.Say($"others used {cores:0.00} cores; this pair does not count");
                continue;
            }

            pairs.Add(run % 2 == 0 ? (ofFirst, ofSecond) : (ofSecond, ofFirst));
        }

        return pairs;
    }

    /// <summary>The median of the ratios within the pairs.</summary>
    public static double Ratio<T>(this IReadOnlyList<(T Worker, T Peer)> pairs, Func<T, double> value) => pairs.Select(pair => value(pair.Worker) / value(pair.Peer)).Median();

    /// <summary>Reports the median of each contender and how far its runs lie apart.</summary>
    public static void ReportBoth<T>(this Report report, string figure, IReadOnlyList<(T Worker, T Peer)> pairs, Func<T, double> value, string unit)
    {
        report.Spread($"{figure}, worker", pairs.Select(pair => value(pair.Worker)), unit);
        report.Spread($"{figure}, llama-server", pairs.Select(pair => value(pair.Peer)), unit);
    }
}
