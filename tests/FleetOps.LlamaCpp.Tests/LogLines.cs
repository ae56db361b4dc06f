namespace FleetOps.LlamaCpp.Tests;

/// <summary>The lines that llama.cpp logged, from whatever thread.</summary>
public sealed class LogLines
{
    private readonly Lock _gate = new();
    private readonly List<(LlamaLogLevel Level, string Line)> _lines = [];

    public void Add(LlamaLogLevel level, string line)
    {
        lock (_gate)
        {
            _lines.Add((level, line));
        }
    }

    public IReadOnlyList<(LlamaLogLevel Level, string Line)> Snapshot()
    {
        lock (_gate)
        {
            return [.. _lines];
        }
    }
}
