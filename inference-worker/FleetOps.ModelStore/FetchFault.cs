namespace FleetOps.ModelStore;

/// <summary>A fault that a fetch survived so far: what went wrong last and when it is tried again.</summary>
/// <param name="Reason">The reason with which the fetch would end if it ended now.</param>
/// <param name="Message">A message for people, free of secrets.</param>
/// <param name="Attempt">The attempt that failed, counted from 1 since bytes last arrived.</param>
/// <param name="RetryIn">How long the fetch waits before it tries again.</param>
public sealed record FetchFault(ModelSourceReason Reason, string Message, int Attempt, TimeSpan RetryIn);
