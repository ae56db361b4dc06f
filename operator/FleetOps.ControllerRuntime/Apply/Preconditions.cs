using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>What must still hold for a deletion to happen; the server answers 409 otherwise.</summary>
/// <param name="Uid">The object must be this very one, not a successor of the same name; null for any.</param>
/// <param name="ResourceVersion">Nobody may have changed the object since; null for any version.</param>
public sealed record Preconditions(string? Uid = null, string? ResourceVersion = null)
{
    /// <summary>The object exactly as it was observed.</summary>
    public static Preconditions Exactly(V1ObjectMeta observed) => new(observed.Uid, observed.ResourceVersion);

    /// <summary>The observed object in whatever version it is by now.</summary>
    public static Preconditions SameObject(V1ObjectMeta observed) => new(observed.Uid);
}
