using FleetOps.ControllerRuntime.Informers;
using FleetOps.ControllerRuntime.Leadership;

namespace FleetOps.ControllerRuntime.Reconciling;

/// <summary>A controller with its queue, as the host runs it.</summary>
internal interface IControllerLoop
{
    string Name { get; }

    /// <summary>Subscribes to the informers. Call once, before they run.</summary>
    void Connect(InformerRegistry registry);

    /// <summary>Looks at every object, then at each that something wakes, until the term ends. May be called again after it returned.</summary>
    Task RunAsync(LeaderTerm term);
}
