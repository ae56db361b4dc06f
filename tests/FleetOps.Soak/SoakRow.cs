namespace FleetOps.Soak;

/// <summary>One line of the outcome: a kind of request, or something that must hold at the end.</summary>
/// <param name="Name">What was asked or looked at.</param>
/// <param name="Count">How often.</param>
/// <param name="Failed">How often it went wrong.</param>
/// <param name="Detail">What went wrong first, or what was measured.</param>
internal sealed record SoakRow(string Name, long Count, long Failed, string Detail);
