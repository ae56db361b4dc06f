using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>The models of these tests, written once for a run.</summary>
internal static class ModelFiles
{
    private static readonly string Folder = Directory.CreateTempSubdirectory("fleetops-models").FullName;
    private static readonly Lazy<string> LazySuccessor = Written("successor.gguf", path => SuccessorModel.Write(path));
    private static readonly Lazy<IReadOnlyList<string>> LazySplit = new(static () => SuccessorModel.WriteSplit(Path.Combine(Folder, "split"), 3));
    private static readonly Lazy<string> LazyWithoutTemplate = Written("no-template.gguf", path => SuccessorModel.Write(path, chatTemplate: null));
    private static readonly Lazy<string> LazyRandom = Written("random.gguf", path => RandomModel.Write(path));
    private static readonly Lazy<string> LazyRecurrent = Written("recurrent.gguf", path => MambaModel.Write(path));
    private static readonly Lazy<string> LazySlidingWindow = Written("sliding-window.gguf", path => SlidingWindowModel.Write(path));
    private static readonly Lazy<string> LazySlow = Written("slow.gguf", path => RandomModel.Write(path, new LlamaShape(256, Layers: 6, Heads: 4, KeyValueHeads: 2, FeedForward: 512, ContextLength: 8192)));
    private static readonly Lazy<string> LazyEncoder = Written("encoder.gguf", path => EncoderModel.Write(path));
    private static readonly Lazy<string> LazyRanker = Written("ranker.gguf", path => EncoderModel.Write(path, pooling: 4, classifier: true));

    static ModelFiles() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);

    /// <summary>Says the next letter: its greedy output is known in advance.</summary>
    public static string Successor => LazySuccessor.Value;

    /// <summary>The same in three files.</summary>
    public static IReadOnlyList<string> Split => LazySplit.Value;

    /// <summary>The same without a chat template.</summary>
    public static string WithoutTemplate => LazyWithoutTemplate.Value;

    /// <summary>Says bytes that depend on everything before; characters of UTF-8 are spread over tokens.</summary>
    public static string Random => LazyRandom.Value;

    /// <summary>Has one state for all tokens of a sequence, so that nothing can be taken back.</summary>
    public static string Recurrent => LazyRecurrent.Value;

    /// <summary>Some of its layers see only the last tokens.</summary>
    public static string SlidingWindow => LazySlidingWindow.Value;

    /// <summary>Takes a millisecond or two for each token, so that something can happen in between.</summary>
    public static string Slow => LazySlow.Value;

    /// <summary>Gives embeddings and no text.</summary>
    public static string Encoder => LazyEncoder.Value;

    /// <summary>Ranks documents.</summary>
    public static string Ranker => LazyRanker.Value;

    /// <summary>The demo model; skips the test where it has not been trained yet.</summary>
    public static string Demo
    {
        get
        {
            var path = Path.Combine(NativeTools.RepositoryRoot(), "deploy", "models", "demo", "demo.gguf");
            Assert.SkipUnless(File.Exists(path), $"{path} does not exist; deploy/models/demo/train makes it");
            return path;
        }
    }

    private static Lazy<string> Written(string name, Action<string> write) => new(() =>
    {
        var path = Path.Combine(Folder, name);
        write(path);
        return path;
    });
}
