namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>What a reconcile came to and what should happen next. A closed hierarchy of three.</summary>
public abstract record ReconciliationResult
{
    private ReconciliationResult()
    {
    }

    /// <summary>All is as wanted for now.</summary>
    /// <param name="requeueAfter">Look again after this time, even if nothing changes; null for only on changes. Zero or less means at once.</param>
    public static ReconciliationResult Success(TimeSpan? requeueAfter = null) => new Succeeded(requeueAfter);

    /// <summary>It did not work this time; try again with back-off.</summary>
    /// <param name="message">What failed, with cause and cure, for the log.</param>
    /// <param name="error">The exception behind it, if any.</param>
    public static ReconciliationResult Failure(string message, Exception? error = null) => new Failed(message, error);

    /// <summary>No retry can cure this; wait until the object changes.</summary>
    /// <param name="message">What is wrong, with cause and cure, for the log.</param>
    public static ReconciliationResult Terminal(string message) => new Refused(message);

    /// <summary>See <see cref="Success"/>.</summary>
    public sealed record Succeeded(TimeSpan? RequeueAfter) : ReconciliationResult;

    /// <summary>See <see cref="Failure"/>.</summary>
    public sealed record Failed(string Message, Exception? Error) : ReconciliationResult;

    /// <summary>See <see cref="Terminal"/>.</summary>
    public sealed record Refused(string Message) : ReconciliationResult;
}
