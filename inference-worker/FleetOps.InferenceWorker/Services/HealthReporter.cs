using FleetOps.InferenceWorker.State;
using Grpc.Health.V1;
using Grpc.HealthCheck;

namespace FleetOps.InferenceWorker.Services;

/// <summary>
/// Tells the gRPC health service where the worker stands. The server as a whole, <c>readiness</c> and each service serve
/// while the worker is Serving; <c>liveness</c> does until it has failed.
/// </summary>
internal sealed class HealthReporter
{
    private static readonly string[] Ready = ["", "readiness", Inference.V1.Inference.Descriptor.FullName, Inference.V1.Control.Descriptor.FullName];

    private readonly HealthServiceImpl _health;

    /// <summary>Follows the state from now on.</summary>
    public HealthReporter(HealthServiceImpl health, WorkerState state)
    {
        _health = health;
        Report(state.Phase);
        state.Follow(Report);
    }

    private void Report(WorkerPhase phase)
    {
        foreach (var service in Ready)
        {
            _health.SetStatus(service, Status(phase == WorkerPhase.Serving));
        }

        _health.SetStatus("liveness", Status(phase != WorkerPhase.Failed));
    }

    private static HealthCheckResponse.Types.ServingStatus Status(bool serving) =>
        serving ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing;
}
