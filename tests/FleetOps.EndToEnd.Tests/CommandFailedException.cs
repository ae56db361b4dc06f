namespace FleetOps.EndToEnd.Tests;

/// <summary>A program that had to succeed did not.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
