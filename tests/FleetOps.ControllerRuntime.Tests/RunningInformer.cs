using FleetOps.ControllerRuntime.Informers;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests;

/// <summary>An informer that runs until it is disposed.</summary>
internal sealed class RunningInformer<T> : IAsyncDisposable
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public RunningInformer(Informer<T> informer)
    {
        Informer = informer;
        Changes = new Changes<T>(informer);
        _run = Task.Run(() => informer.RunAsync(_stop.Token));
    }

    public Informer<T> Informer { get; }

    public Changes<T> Changes { get; }

    /// <summary>Waits until the store is whole.</summary>
    public Task SyncedAsync() => Eventually.TrueAsync(() => Informer.HasSynced, $"{Informer.Name} is synced", problem: () => Informer.Problem);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }
}
