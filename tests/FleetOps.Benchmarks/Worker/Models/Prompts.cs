namespace FleetOps.Benchmarks.Worker.Models;

/// <summary>Prompts of random words. The same seed gives the same prompts, so that both sides get the same ones.</summary>
internal sealed class Prompts(BenchModel model, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>The next prompt, of <paramref name="length"/> tokens.</summary>
    public int[] Next(int length)
    {
        var (first, count) = model.Words;
        var tokens = new int[length];
        foreach (ref var token in tokens.AsSpan())
        {
            token = first + _random.Next(count);
        }

        return tokens;
    }

    /// <summary>Several prompts.</summary>
    public int[][] Next(int count, int length) => [.. Enumerable.Range(0, count).Select(_ => Next(length))];
}
