namespace FleetOps.ModelStore;

/// <summary>
/// A model source did not become a verified file. The message names the thing, the value, the cause and the cure, and never holds a
/// credential or the query of a URL, so it may be logged and shown to users as it is.
/// </summary>
public class ModelSourceException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="reason">The cause, from the closed list.</param>
    /// <param name="message">A message for people, free of secrets.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public ModelSourceException(ModelSourceReason reason, string message, Exception? innerException = null)
        : base(message, innerException) => Reason = reason;

    /// <summary>The cause, from the closed list.</summary>
    public ModelSourceReason Reason { get; }
}
