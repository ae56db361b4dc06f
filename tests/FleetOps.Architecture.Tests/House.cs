namespace FleetOps.Architecture.Tests;

/// <summary>The rooms of the house: each project, the projects it may use, and the packages it may use. What is not in the table is a mistake.</summary>
internal static class House
{
    public static IReadOnlyList<Room> Rooms { get; } =
    [
        new("operator", "FleetOps.Api", [], ["KubernetesClient", "KubernetesClient.Aot"]),
        new("operator", "FleetOps.ControllerRuntime", [],
        [
            "KubernetesClient", "KubernetesClient.Aot", "OpenTelemetry.Exporter.OpenTelemetryProtocol", "OpenTelemetry.Exporter.Prometheus.AspNetCore",
            "OpenTelemetry.Extensions.Hosting", "System.IO.Hashing",
        ]),
        new("operator", "FleetOps.CrdGenerator", ["FleetOps.Api"], ["YamlDotNet"]),
        new("operator", "FleetOps.Operator", ["FleetOps.Api", "FleetOps.ControllerRuntime"], ["System.CommandLine"]),
        new("inference-worker", "FleetOps.Inference.Protocol", [], ["Google.Protobuf", "Grpc.Net.Client", "Grpc.Tools"]),
        new("inference-worker", "FleetOps.LlamaCpp", [], []),
        new("inference-worker", "FleetOps.ModelStore", [], ["AWSSDK.S3", "AWSSDK.SecurityToken"]),
        new("inference-worker", "FleetOps.InferenceWorker", ["FleetOps.Inference.Protocol", "FleetOps.LlamaCpp", "FleetOps.ModelStore"],
        [
            "Grpc.AspNetCore", "Grpc.HealthCheck", "Grpc.Reflection", "Grpc.StatusProto",
            "OpenTelemetry.Exporter.OpenTelemetryProtocol", "OpenTelemetry.Exporter.Prometheus.AspNetCore", "OpenTelemetry.Extensions.Hosting",
            "System.CommandLine",
        ]),
    ];

    /// <summary>Every ordered pair of projects that the table does not join.</summary>
    public static IEnumerable<(Room From, Room To)> ForbiddenArrows =>
        from one in Rooms
        from other in Rooms
        where one != other && !one.Projects.Contains(other.Name)
        select (one, other);
}
