namespace FleetOps.Benchmarks.Worker.Bare;

/// <summary>What <see cref="BareBinding"/> measured.</summary>
/// <param name="LoadSeconds">From before the native libraries were loaded until the first token was computed.</param>
/// <param name="TokensPerSecond">Generated tokens over the time of prompts and answers.</param>
/// <param name="CpuSecondsPerToken">CPU time of the process over generated tokens.</param>
/// <param name="ContextBytes">The KV cache.</param>
/// <param name="ComputeBytes">Intermediate results.</param>
internal sealed record BareOutcome(double LoadSeconds, double TokensPerSecond, double CpuSecondsPerToken, long ContextBytes, long ComputeBytes);
