using System.Globalization;
using FleetOps.Benchmarks.Reports;
using FleetOps.TestModels;

namespace FleetOps.Benchmarks.Worker.Models;

/// <summary>A model that both sides serve: random weights, written once into the cache under a name that tells its shape.</summary>
/// <param name="Name">What it is for.</param>
/// <param name="Shape">Its shape.</param>
internal sealed record BenchModel(string Name, LlamaShape Shape)
{
    // Raised when the writer changes what it writes for the same shape.
    private const int Revision = 1;

    /// <summary>336 million weights, 358 MB, with a vocabulary of the size that Llama has.</summary>
    public static BenchModel Usual { get; } = new("bench", new LlamaShape(
        Embedding: 1024, Layers: 24, Heads: 16, KeyValueHeads: 4, FeedForward: 2816, ContextLength: 8192, Type: TensorType.Q8_0, PlainTokens: 32_000 - ByteVocabulary.Count));

    /// <summary>A model that computes a token in about half a millisecond, so that the server is what is measured.</summary>
    public static BenchModel Tiny { get; } = new("bench-tiny", new LlamaShape(
        Embedding: 384, Layers: 6, Heads: 6, KeyValueHeads: 2, FeedForward: 1024, ContextLength: 2048, Type: TensorType.Q8_0));

    /// <summary>A model that computes eight tokens in less than a millisecond.</summary>
    public static BenchModel Tiniest { get; } = new("bench-tiniest", new LlamaShape(
        Embedding: 128, Layers: 4, Heads: 4, KeyValueHeads: 2, FeedForward: 384, ContextLength: 2048, Type: TensorType.Q8_0));

    /// <summary>The first token that is a plain word and the count of them; prompts are drawn from these.</summary>
    public (int First, int Count) Words => Shape.PlainTokens > 0 ? (ByteVocabulary.Count, Shape.PlainTokens) : (ByteVocabulary.Token("!"), '~' - '!');

    /// <summary>The file. Written now if it is not there yet.</summary>
    public string Find()
    {
        var cache = Environment.GetEnvironmentVariable("FLEETOPS_CACHE") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "fleetops");
        var folder = Directory.CreateDirectory(Path.Combine(cache, "bench-models")).FullName;
        var path = Path.Combine(folder, string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}-e{Shape.Embedding}-l{Shape.Layers}-h{Shape.Heads}-k{Shape.KeyValueHeads}-f{Shape.FeedForward}-c{Shape.ContextLength}-v{Shape.Vocabulary}-{Shape.Type}-{Revision}.gguf"));
        if (!File.Exists(path))
        {
            Progress.Say($"writing {path}");
            var partial = path + ".partial";
            RandomModel.Write(partial, Shape);
            File.Move(partial, path, overwrite: true);
        }

        return path;
    }
}
