namespace FleetOps.InferenceWorker.Engine.Batching;

/// <summary>
/// Measures how long batches take, and bounds by it what is computed of long prompts beside running streams. Not safe for concurrent use.
/// <para>
/// Each prompt in the works may hold the streams up by <see cref="Stretch"/> times the time that they need for a token
/// themselves. So a stream beside one long prompt is at most that much slower, however long the prompt; the streams take
/// at most an eighth of the time that the prompt needs, and move on in it; and when many prompts are in the works whole
/// batches go to them, because more people wait for a first token than for a next one.
/// </para>
/// </summary>
internal sealed class PromptPace
{
    /// <summary>How many times as long as a step of the streams the chunk of a prompt may take.</summary>
    public const int Stretch = 8;

    /// <summary>Tokens that a prompt gets at least beside streams: fewer would cost more for reading the weights than for computing.</summary>
    public const int LeastTokens = 64;

    private const double Weight = 0.25;
    private const double LargestJump = 2;

    private readonly double[] _stepSeconds;
    private readonly int _batchTokens;
    private double _tokenSeconds;

    /// <summary>Begins without any measurement.</summary>
    /// <param name="sequences">The most sequences that decode at once.</param>
    /// <param name="batchTokens">The most tokens of a batch.</param>
    public PromptPace(int sequences, int batchTokens)
    {
        _stepSeconds = new double[sequences + 1];
        _batchTokens = batchTokens;
    }

    /// <summary>How many prompt tokens the next batch may hold.</summary>
    /// <param name="decoding">Sequences that decode in it.</param>
    /// <param name="prompts">Sequences whose prompt is not computed yet.</param>
    public int Budget(int decoding, int prompts)
    {
        if (decoding == 0 || prompts == 0)
        {
            return _batchTokens;
        }

        var each = _tokenSeconds > 0 ? Stretch * StepSeconds(decoding) / _tokenSeconds : 0;
        return (int)Math.Min(Math.Max(each, LeastTokens) * prompts, _batchTokens);
    }

    /// <summary>Notes how long a batch took.</summary>
    /// <param name="decoding">Sequences that decoded in it.</param>
    /// <param name="promptTokens">Prompt tokens that it held.</param>
    /// <param name="elapsed">The time.</param>
    public void Note(int decoding, int promptTokens, TimeSpan elapsed)
    {
        if (promptTokens == 0)
        {
            _stepSeconds[decoding] = Smooth(_stepSeconds[decoding], elapsed.TotalSeconds);
        }
        else if (promptTokens >= LeastTokens)
        {
            var seconds = elapsed.TotalSeconds - StepSeconds(decoding);
            _tokenSeconds = seconds > 0 ? Smooth(_tokenSeconds, seconds / promptTokens) : _tokenSeconds;
        }
    }

    // Of what was measured that for the nearest number of sequences, fewer first: a guess that is too short favours the streams.
    private double StepSeconds(int decoding)
    {
        for (var distance = 0; distance < _stepSeconds.Length; distance++)
        {
            if (decoding - distance > 0 && _stepSeconds[decoding - distance] > 0)
            {
                return _stepSeconds[decoding - distance];
            }

            if (decoding > 0 && decoding + distance < _stepSeconds.Length && _stepSeconds[decoding + distance] > 0)
            {
                return _stepSeconds[decoding + distance];
            }
        }

        return 0;
    }

    // One batch during which the machine did something else must not count for many.
    private static double Smooth(double mean, double value) =>
        mean == 0 ? value : mean + (Weight * (Math.Min(value, LargestJump * mean) - mean));
}
