using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Reconciling;
using Microsoft.Extensions.Hosting;

namespace FleetOps.ControllerRuntime.Hosting;

#pragma warning disable CS9113
internal sealed class ControllerHost(InformerRegistry informers, IEnumerable<InformerSetup> setups, IEnumerable<IControllerLoop> loops) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
