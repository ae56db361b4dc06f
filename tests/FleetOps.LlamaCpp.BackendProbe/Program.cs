using FleetOps.LlamaCpp;
using FleetOps.LlamaCpp.Backends;

// Arguments: the folder of native libraries, and Auto, Cpu or Cuda. Prints "Selected|Why|devices", or "Fault|message" and exits with 1.
try
{
    var runtime = LlamaRuntime.Load(args[0], Enum.Parse<BackendRequest>(args[1]));
    Console.WriteLine($"{runtime.Backend.Selected}|{runtime.Backend.Why}|{string.Join(',', runtime.ReadDevices().Select(static device => device.Name))}");
    return 0;
}
catch (LlamaException e)
{
    Console.WriteLine($"{e.Fault}|{e.Message}");
    return 1;
}
