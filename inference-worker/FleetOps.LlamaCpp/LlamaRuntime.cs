using FleetOps.LlamaCpp.Backends;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp;

/// <summary>
/// llama.cpp, loaded into this process: its libraries, the backend that was chosen, and the devices. Everything else of
/// this binding needs one. There is one for a process and it lasts as long, because neither llama.cpp's backends nor
/// CUDA's driver can be unloaded safely. Members may be used from any thread.
/// </summary>
public sealed class LlamaRuntime
{
    private static readonly Lock Gate = new();
    private static LlamaRuntime? _loaded;

    private readonly CudaDriver? _cudaDriver;
    private NumaStrategy? _numa;

    private LlamaRuntime(string nativeDirectory, BackendSelection backend, CudaDriver? cudaDriver)
    {
        NativeDirectory = nativeDirectory;
        Backend = backend;
        _cudaDriver = cudaDriver;
        Release = ShimText.Borrowed(ShimNative.fleetops_release());
    }

    /// <summary>The folder that the libraries came from.</summary>
    public string NativeDirectory { get; }

    /// <summary>Which backend is used, and why.</summary>
    public BackendSelection Backend { get; }

    /// <summary>The release and commit of llama.cpp.</summary>
    public string Release { get; }

    /// <summary>
    /// Loads llama.cpp from <paramref name="nativeDirectory"/>, checks that it is the release that this binding was
    /// written for, and chooses the backend. A second call with the same folder and request gives the same runtime,
    /// and keeps the listeners of the first.
    /// </summary>
    /// <param name="nativeDirectory">The folder that <c>inference-worker/native/restore</c> prints; CUDA's library lies in its subfolder <c>cuda</c>.</param>
    /// <param name="backend">What to compute on.</param>
    /// <param name="log">Gets each line of llama.cpp's log, from any of its threads. Exceptions that it throws are dropped.</param>
    /// <param name="onAbort">Gets the message of a failed assertion inside ggml, just before it ends the process.</param>
    /// <exception cref="LlamaException">A library is missing or of another release, or CUDA was asked for and cannot be used.</exception>
    /// <exception cref="InvalidOperationException">llama.cpp is loaded already from another folder or for another backend.</exception>
    public static LlamaRuntime Load(
        string nativeDirectory, BackendRequest backend, Action<LlamaLogLevel, string>? log = null, Action<string>? onAbort = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(nativeDirectory);
        var directory = Path.GetFullPath(nativeDirectory);
        lock (Gate)
        {
            if (_loaded is { } loaded)
            {
                return loaded.NativeDirectory == directory && loaded.Backend.Requested == backend
                    ? loaded
                    : throw new InvalidOperationException(
                        $"llama.cpp is loaded from '{loaded.NativeDirectory}' for {loaded.Backend.Requested}; a process cannot load it again from '{directory}' for {backend}.");
            }

            NativeLibraries.Load(directory);
            ShimNative.fleetops_quiet();
            LlamaLog.Listen(log, onAbort);
            var (selection, driver) = BackendLoader.Load(directory, backend);
            LlamaNative.llama_backend_init();
            return _loaded = new LlamaRuntime(directory, selection, driver);
        }
    }

    /// <summary>The devices that llama.cpp computes on, with their memory as it is now.</summary>
    public IReadOnlyList<LlamaDevice> ReadDevices() => Devices(_cudaDriver);

    /// <summary>How many GPUs models can be spread over.</summary>
    internal int GpuCount => Devices(_cudaDriver).Count(static device => device.Kind is DeviceKind.Gpu or DeviceKind.IntegratedGpu);

    /// <summary>
    /// Says how the CPU backend's threads lie on the nodes of the machine. Once for a process, before a model is loaded; a
    /// second call with another strategy is refused.
    /// </summary>
    /// <param name="strategy">The strategy.</param>
    /// <exception cref="InvalidOperationException">Another strategy was set before.</exception>
    public void UseNuma(NumaStrategy strategy)
    {
        lock (Gate)
        {
            if (_numa is { } before)
            {
                if (before != strategy)
                {
                    throw new InvalidOperationException($"The NUMA strategy of this process is {before}; it cannot become {strategy}.");
                }

                return;
            }

            _numa = strategy;
            LlamaNative.llama_numa_init((int)strategy);
        }
    }

    /// <summary>The devices that are registered; compute capabilities come from the driver.</summary>
    internal static unsafe List<LlamaDevice> Devices(CudaDriver? driver)
    {
        var devices = new List<LlamaDevice>();
        var gpus = 0;
        for (nuint i = 0; i < GgmlNative.ggml_backend_dev_count(); i++)
        {
            GgmlBackendDevProps properties;
            GgmlNative.ggml_backend_dev_get_props(GgmlNative.ggml_backend_dev_get(i), &properties);
            var kind = (DeviceKind)properties.Type;
            var capability = kind is DeviceKind.Gpu or DeviceKind.IntegratedGpu && driver is not null && gpus < driver.Devices.Count
                ? driver.Devices[gpus++].ComputeCapability
                : null;
            devices.Add(new LlamaDevice(ShimText.Borrowed(properties.Name), ShimText.Borrowed(properties.Description), kind,
                (long)properties.MemoryTotal, (long)properties.MemoryFree, capability));
        }

        return devices;
    }
}
