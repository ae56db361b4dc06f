namespace FleetOps.InferenceWorker.Engine.Embedding;

/// <summary>What came out for one input.</summary>
/// <param name="Tokens">Tokens of the input.</param>
/// <param name="Values">The vector as the model gave it, not normalised; with <see cref="FleetOps.LlamaCpp.Models.PoolingType.None"/> one for each token, one after the other; with <see cref="FleetOps.LlamaCpp.Models.PoolingType.Rank"/> the scores.</param>
internal sealed record EmbeddingResult(int Tokens, float[] Values)
{
    /// <summary>A vector of length 1 in the same direction; all zeros stay so.</summary>
    /// <param name="values">The vector.</param>
    public static float[] Normalize(ReadOnlySpan<float> values)
    {
        // Summed in double, as llama.cpp does: the squares of a wide vector lose digits in float.
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += (double)value * value;
        }

        var scale = sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
        var normalized = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            normalized[i] = values[i] * scale;
        }

        return normalized;
    }
}
