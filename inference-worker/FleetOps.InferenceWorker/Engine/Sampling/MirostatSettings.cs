namespace FleetOps.InferenceWorker.Engine.Sampling;

/// <summary>The Mirostat algorithm, with every default filled in.</summary>
/// <param name="Version">1 or 2.</param>
/// <param name="Tau">The surprise that is aimed at.</param>
/// <param name="Eta">How fast it corrects itself.</param>
internal sealed record MirostatSettings(int Version, float Tau, float Eta);
