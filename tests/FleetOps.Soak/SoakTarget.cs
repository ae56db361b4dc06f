namespace FleetOps.Soak;

/// <summary>A worker that was started with <see cref="Arguments"/> on the model of <see cref="WriteModel"/>, and serves.</summary>
/// <param name="Address">Where gRPC listens.</param>
/// <param name="Http">Its probes and metrics.</param>
/// <param name="ProcessId">The process, whose memory is watched.</param>
/// <param name="HasExited">Whether it has ended.</param>
internal sealed record SoakTarget(Uri Address, HttpClient Http, int ProcessId, Func<bool> HasExited)
{
    /// <summary>Requests that the worker computes at once. Fewer than ask, so that some always wait.</summary>
    public const int Slots = 6;

    /// <summary>Tokens of one request.</summary>
    public const int ContextLength = 512;

    /// <summary>Names and values of options of <c>serve</c> that the soak counts on.</summary>
    public static IReadOnlyList<string> Arguments { get; } =
        ["--max-sequences", Text(Slots), "--context-length", Text(ContextLength), "--batch-tokens", "128", "--threads", "1", "--pooling", "Mean"];

    /// <summary>Writes the model: one whose answers depend on all that was said before.</summary>
    public static void WriteModel(string path) => TestModels.RandomModel.Write(path);

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
