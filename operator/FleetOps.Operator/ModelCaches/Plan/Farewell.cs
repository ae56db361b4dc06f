namespace FleetOps.Operator.ModelCaches.Plan;

/// <summary>What became of the files of a ModelCache that is gone.</summary>
/// <param name="Reason">Of the event.</param>
/// <param name="Message">For people.</param>
/// <param name="IsTrouble">Whether files are left that should not be.</param>
internal sealed record Farewell(string Reason, string Message, bool IsTrouble = false);
