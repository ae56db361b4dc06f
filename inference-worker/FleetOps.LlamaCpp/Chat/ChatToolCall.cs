namespace FleetOps.LlamaCpp.Chat;

/// <summary>A call of a tool that the model asks for.</summary>
/// <param name="Id">Its id; empty when the model gives none.</param>
/// <param name="Name">The tool.</param>
/// <param name="ArgumentsJson">Its arguments as JSON; of a partial answer perhaps cut.</param>
public sealed record ChatToolCall(string Id, string Name, string ArgumentsJson);
