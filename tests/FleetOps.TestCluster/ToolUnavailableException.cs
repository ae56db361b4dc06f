namespace FleetOps.TestCluster;

/// <summary>A program that a test needs cannot be had on this machine. A test answers it by skipping with <see cref="Exception.Message"/>.</summary>
public sealed class ToolUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    public ToolUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with the fault behind it.</summary>
    public ToolUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without a reason.</summary>
    public ToolUnavailableException()
    {
    }
}
