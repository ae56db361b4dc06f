using System.Collections.Concurrent;
using System.Globalization;
using Grpc.Core;

namespace FleetOps.Soak;

/// <summary>
/// Lets clients ask a worker for everything at random, in rounds. After each round everything comes to rest, and nothing may be held: no slot, no cell
/// of the KV cache, no call, and no more memory than before.
/// </summary>
internal sealed class SoakRun(SoakTarget target, SoakOptions options)
{
    private readonly ConcurrentDictionary<string, (long Count, long Failed, string First)> _asked = new(StringComparer.Ordinal);
    private readonly List<RestingWorker> _rests = [];
    private string _ended = "";
    private string _held = "";

    /// <summary>Asks until the time is over or the worker has ended.</summary>
    public async Task<SoakReport> RunAsync(CancellationToken cancel)
    {
        using var client = new SoakClient(target.Address);
        var known = await Known.AskAloneAsync(client, options.Seed, cancel);
        var mix = new Mix(target, known);
        var deck = mix.Kinds.SelectMany(kind => Enumerable.Repeat(kind, kind.Share)).ToArray();
        var randoms = Enumerable.Range(0, options.Clients).Select(number => new Random(HashCode.Combine(options.Seed, number))).ToArray();
        var began = TimeProvider.System.GetTimestamp();
        while (_ended.Length == 0 && _held.Length == 0 && TimeProvider.System.GetElapsedTime(began) < options.Duration)
        {
            var round = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(randoms.Select(async random =>
            {
                while (TimeProvider.System.GetElapsedTime(round) < options.Round && !target.HasExited())
                {
                    var (name, _, ask) = deck[random.Next(deck.Length)];
                    await AskAsync(name, () => ask(client, random, cancel), cancel);
                }
            }));
            await RestAsync(cancel);
        }

        return Report();
    }

    private async Task AskAsync(string name, Func<Task> ask, CancellationToken cancel)
    {
        var fault = "";
        try
        {
            await ask();
        }
        catch (Exception wrong) when (!cancel.IsCancellationRequested && wrong is SoakException or RpcException or HttpRequestException or System.Text.Json.JsonException)
        {
            fault = wrong is RpcException status ? $"{status.StatusCode}: {status.Status.Detail}" : wrong.Message;
        }

        _asked.AddOrUpdate(
            name,
            _ => (1, fault.Length > 0 ? 1 : 0, fault),
            (_, sum) => (sum.Count + 1, sum.Failed + (fault.Length > 0 ? 1 : 0), sum.First.Length > 0 ? sum.First : fault));
    }

    private async Task RestAsync(CancellationToken cancel)
    {
        try
        {
            _rests.Add(await RestingWorker.WaitAsync(target, cancel));
            options.Progress?.Invoke(string.Create(
                CultureInfo.InvariantCulture, $"{_asked.Values.Sum(kind => kind.Count)} requests, {_asked.Values.Sum(kind => kind.Failed)} wrong, {_rests[^1].MemoryMegabytes:0.0} MB resident"));
        }
        catch (SoakException held)
        {
            _held = held.Message;
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException or IOException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            _ended = unreachable.Message;
        }

        _ended = target.HasExited() ? "the process has ended" : _ended;
    }

    private SoakReport Report()
    {
        // The first half warms up: pools, caches and the collector's idea of how much is used.
        var half = _rests.Skip(_rests.Count / 2).ToArray();
        var growth = Growth([.. half.Select(rest => rest.MemoryMegabytes)]);
        var descriptors = half.Length == 0 ? 0 : half[^1].Descriptors - half[0].Descriptors;
        return new(
        [
            .. _asked.OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => new SoakRow(kind.Key, kind.Value.Count, kind.Value.Failed, kind.Value.First)),
            new("the worker lives", 1, _ended.Length > 0 ? 1 : 0, _ended),
            new("nothing is held at rest", _rests.Count, _held.Length > 0 ? 1 : 0, _held),
            new("memory does not grow", half.Length, growth > options.MostGrowthMegabytes ? 1 : 0, string.Create(
                CultureInfo.InvariantCulture, $"{growth:0.0} MB over the second half, {_rests.LastOrDefault()?.MemoryMegabytes:0.0} MB at the end; {options.MostGrowthMegabytes:0.#} MB may be")),
            new("connections and files are closed", half.Length, descriptors > options.Clients ? 1 : 0, string.Create(CultureInfo.InvariantCulture, $"{descriptors} more at the end of the second half")),
        ]);
    }

    // The median of the slopes between all pairs, which single peaks do not move, times the length.
    private static double Growth(double[] samples)
    {
        var slopes = (from one in Enumerable.Range(0, samples.Length)
                      from other in Enumerable.Range(one + 1, samples.Length - one - 1)
                      select (samples[other] - samples[one]) / (other - one)).Order().ToArray();
        return slopes.Length == 0 ? 0 : slopes[slopes.Length / 2] * (samples.Length - 1);
    }
}
