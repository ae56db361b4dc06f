using System.Globalization;
using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

// Arguments: the folder of native libraries, and Auto, Cpu or Cuda; then, if a model is to be loaded, its file and the length of its context.
// Prints "Selected|Why|devices", or "Fault|message" and exits with 1. What ends the process prints "Abort|message" first.
try
{
    var runtime = LlamaRuntime.Load(args[0], Enum.Parse<BackendRequest>(args[1]), onAbort: static message => Console.WriteLine($"Abort|{message}"));
    if (args.Length > 2)
    {
        using var model = LlamaModel.Load(runtime, args[2], new ModelParameters());
        using var context = new LlamaContext(model, new ContextParameters { ContextLength = int.Parse(args[3], CultureInfo.InvariantCulture), Threads = 1 });
    }

    Console.WriteLine($"{runtime.Backend.Selected}|{runtime.Backend.Why}|{string.Join(',', runtime.ReadDevices().Select(static device => device.Name))}");
    return 0;
}
catch (LlamaException e)
{
    Console.WriteLine($"{e.Fault}|{e.Message}");
    return 1;
}
