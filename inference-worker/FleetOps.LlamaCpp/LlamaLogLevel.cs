namespace FleetOps.LlamaCpp;

/// <summary>Severity of a line that llama.cpp logs; the values are ggml's.</summary>
public enum LlamaLogLevel
{
    /// <summary>No severity given.</summary>
    None = 0,

    /// <summary>For people who debug llama.cpp.</summary>
    Debug = 1,

    /// <summary>Progress and sizes.</summary>
    Information = 2,

    /// <summary>Something unexpected that does no harm yet.</summary>
    Warning = 3,

    /// <summary>A call failed.</summary>
    Error = 4,
}
