using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Backends;

/// <summary>
/// Chooses and loads ggml's backends. CUDA's library is loaded only when it is wanted and a check of driver, devices and
/// code says that it will work; the CPU's library is always loaded, because a part of each model runs there.
/// </summary>
internal static class BackendLoader
{
    /// <summary>Where an image keeps CUDA's library, under the folder of native libraries.</summary>
    public const string CudaLibrary = "cuda/libggml-cuda.so";

    /// <summary>Loads what <paramref name="request"/> and the node allow.</summary>
    /// <exception cref="LlamaException">CUDA was asked for and cannot be used, or no CPU backend fits this processor.</exception>
    public static (BackendSelection Selection, CudaDriver? Driver) Load(string directory, BackendRequest request)
    {
        CudaDriver? driver = null;
        var fault = request == BackendRequest.Cpu ? null : LoadCuda(Path.Combine(directory, CudaLibrary), out driver);
        if (request == BackendRequest.Cuda && fault is not null)
        {
            throw new LlamaException(LlamaFault.CudaUnavailable,
                $"The backend Cuda was asked for and cannot be used: {fault}. Cure that, or ask for the backend Auto or Cpu.");
        }

        GgmlNative.ggml_backend_load_all_from_path(directory);
        if (LlamaRuntime.Devices(driver).All(static device => device.Kind != DeviceKind.Cpu))
        {
            throw new LlamaException(LlamaFault.NativeLibraryMissing,
                $"No CPU backend (libggml-cpu-*.so) in '{directory}' can be loaded on this processor. Run inference-worker/native/restore and name the folder that it prints.");
        }

        return (Describe(request, fault, driver), driver);
    }

    private static BackendSelection Describe(BackendRequest request, string? fault, CudaDriver? driver) => request switch
    {
        BackendRequest.Cpu => new(request, Backend.Cpu, "the CPU was asked for", null),
        _ when fault is not null => new(request, Backend.Cpu, $"the CPU, because {fault}", driver?.Version),
        _ => new(request, Backend.Cuda,
            $"CUDA on {string.Join(", ", driver!.Devices.Select(static device => $"{device.Name} (compute capability {device.ComputeCapability})"))}, driver for CUDA {driver.Version}", driver.Version),
    };

    // Gives the reason why CUDA cannot be used, or null when it is loaded.
    private static string? LoadCuda(string library, out CudaDriver? driver)
    {
        driver = null;
        if (!File.Exists(library))
        {
            return $"this build has no CUDA ({library} does not exist)";
        }

        driver = CudaDriver.Probe();
        if ((driver.Fault ?? Unserved(library, driver)) is { } fault)
        {
            return fault;
        }

        var log = new List<(LlamaLogLevel, string)>();
        var registration = LlamaLog.Capture(log, () => GgmlNative.ggml_backend_load(library));
        return registration == 0
            ? $"{library} cannot be loaded: {LlamaLog.Summary(log)}"
            : GgmlNative.ggml_backend_reg_dev_count(registration) == 0
                ? $"{library} finds no device although the driver shows {driver.Devices.Count}: {LlamaLog.Summary(log)}"
                : null;
    }

    private static string? Unserved(string library, CudaDriver driver)
    {
        IReadOnlySet<CudaCode> codes;
        try
        {
            codes = CudaFatBinary.Read(library);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return $"its GPU code cannot be read: {e.Message}";
        }

        foreach (var device in driver.Devices)
        {
            if (codes.Any(code => code.Runs(device.ComputeCapability, driver.Version)))
            {
                continue;
            }

            var newerDriver = codes.Where(code => code.Runs(device.ComputeCapability, driver: null)).Select(static code => code.MinimumDriver).Order().FirstOrDefault();
            return newerDriver is not null
                ? $"{device.Name} (compute capability {device.ComputeCapability}) needs a driver for CUDA {newerDriver} or newer with this build, and the node's serves {driver.Version}"
                : $"this build has no code for {device.Name} (compute capability {device.ComputeCapability}); it has {string.Join(", ", codes.Select(static code => $"{(code.IsPtx ? "PTX" : "machine code")} {code.Architecture}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))}";
        }

        return null;
    }
}
