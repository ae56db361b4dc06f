namespace FleetOps.Cluster.Tests.Crds;

/// <summary>ModelDeployments in YAML.</summary>
internal static class Manifest
{
    public static string WithSpec(string spec, string name = "example") => $"""
        apiVersion: fleetops.dev/v1alpha1
        kind: ModelDeployment
        metadata: {"{"}name: {name}, namespace: default{"}"}
        spec:
          {spec.ReplaceLineEndings("\n  ")}

        """;
}
