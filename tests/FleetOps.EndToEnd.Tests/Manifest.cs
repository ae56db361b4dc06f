using System.Security.Cryptography;

namespace FleetOps.EndToEnd.Tests;

/// <summary>ModelDeployments as a user would write them.</summary>
internal static class Manifest
{
    public static string DemoSha256 { get; } = Sha256(Repository.File("deploy", "models", "demo", "demo.gguf"));

    public static string Sha256(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>The demo model from the claim of its namespace.</summary>
    /// <param name="name">Of the resource.</param>
    /// <param name="replicas">How many workers.</param>
    /// <param name="contextLength">Tokens per sequence.</param>
    /// <param name="cpu">A Kubernetes quantity; little CPU makes long streams.</param>
    /// <param name="gpus">How many `nvidia.com/gpu` each worker asks for.</param>
    /// <param name="source">Where the weights come from, if not from the claim.</param>
    /// <param name="sha256">The digest to enforce, if not the right one.</param>
    /// <param name="memory">A Kubernetes quantity.</param>
    /// <param name="resources">Further lines of `spec.resources`, indented by four spaces.</param>
    /// <param name="spec">Further lines of `spec`, indented by two spaces.</param>
    /// <param name="more">Further lines of `spec.model`, indented by four spaces.</param>
    public static string Model(
        string name, int replicas = 1, int contextLength = 512, string cpu = "400m", int gpus = 1,
        string source = "pvc://demo-models/demo.gguf", string? sha256 = null,
        string memory = "512Mi", string resources = "", string spec = "", string more = "") => $"""
        apiVersion: fleetops.dev/v1alpha1
        kind: ModelDeployment
        metadata:
          name: {name}
        spec:
          model:
            source: {source}
            sha256: "{sha256 ?? DemoSha256}"
        {more}
          engine:
            contextLength: {contextLength}
            maxSequences: 4
          resources:
            gpus: {gpus}
            cpu: {cpu}
            memory: {memory}
        {resources}
          replicas: {replicas}
        {spec}

        """;
}
