using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Something added to the logit of a token.</summary>
/// <param name="Token">The token.</param>
/// <param name="Bias">What is added; minus infinity forbids the token.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LogitBias(int Token, float Bias);
