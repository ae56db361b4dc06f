using FleetOps.ControllerRuntime.Informers;

namespace FleetOps.ControllerRuntime.Hosting;

/// <summary>Makes sure that one informer exists before the host starts them all.</summary>
internal sealed record InformerSetup(Action<InformerRegistry> Prepare);
