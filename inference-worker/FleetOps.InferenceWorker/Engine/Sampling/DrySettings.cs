namespace FleetOps.InferenceWorker.Engine.Sampling;

/// <summary>Penalty for going on with a repetition, with every default filled in.</summary>
/// <param name="Multiplier">Strength; 0 is off.</param>
/// <param name="Growth">By what the penalty is multiplied with each token of the repetition.</param>
/// <param name="AllowedLength">Repetitions up to this length cost nothing.</param>
/// <param name="Window">How many of the last tokens are searched; -1 is the whole context.</param>
/// <param name="Breakers">Texts that no repetition extends over.</param>
internal sealed record DrySettings(float Multiplier, float Growth, int AllowedLength, int Window, IReadOnlyList<string> Breakers)
{
    /// <summary>llama.cpp's own breakers.</summary>
    public static IReadOnlyList<string> DefaultBreakers { get; } = ["\n", ":", "\"", "*"];
}
