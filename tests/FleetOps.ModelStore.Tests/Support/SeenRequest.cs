namespace FleetOps.ModelStore.Tests.Support;

/// <summary>A request that a stand-in received; absent headers are empty.</summary>
public sealed record SeenRequest(string Method, string Path, string Authorization, string Range, string IfRange, string IfMatch);
