namespace FleetOps.ControllerRuntime.Leadership;

/// <summary>One stretch of leadership, as the work that needs it sees it.</summary>
/// <param name="Stopping">Cancelled when the work should come to its end in good order; the lease is still held and renewed meanwhile.</param>
/// <param name="Lost">Cancelled when leadership cannot be relied on any more: stop writing at once.</param>
public readonly record struct LeaderTerm(CancellationToken Stopping, CancellationToken Lost);
