namespace FleetOps.LlamaCpp.Chat;

/// <summary>A tool that the model may call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, for the model.</param>
/// <param name="ParametersJson">JSON schema of its arguments.</param>
public sealed record ChatTool(string Name, string Description, string ParametersJson);
