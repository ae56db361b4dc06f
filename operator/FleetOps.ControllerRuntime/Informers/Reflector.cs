using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

#pragma warning disable CS9113, CA1823, CA1822
internal sealed class Reflector<T>(
    KubeApi api,
    ResourceType<T> type,
    WatchScope scope,
    InformerOptions options,
    TimeProvider time,
    ILogger logger,
    InformerMetrics metrics,
    string name,
    Action<Dictionary<ObjectKey, T>, HashSet<ObjectKey>> replace,
    Action<WatchEventKind, ObjectKey, T?> observe)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public string? Problem => null;

    public long Lists => 0;

    public Task RunAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
