using System.Runtime.InteropServices;
using System.Text;

namespace FleetOps.LlamaCpp.Backends;

/// <summary>
/// Asks the node's CUDA driver what there is, without CUDA's runtime and before libggml-cuda.so is loaded: that library
/// is skipped silently when something is missing, and a GPU that it has no code for ends the process at the first kernel.
/// </summary>
internal sealed unsafe class CudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int ComputeCapabilityMajor = 75;
    private const int ComputeCapabilityMinor = 76;
    private const int NameSize = 256;

    private CudaDriver(string? fault, Version? version, IReadOnlyList<CudaDevice> devices)
    {
        Fault = fault;
        Version = version;
        Devices = devices;
    }

    /// <summary>Why no device can be used; null when there is at least one.</summary>
    public string? Fault { get; }

    /// <summary>The newest CUDA version that the driver serves.</summary>
    public Version? Version { get; }

    /// <summary>The devices that this process may use, in CUDA's order.</summary>
    public IReadOnlyList<CudaDevice> Devices { get; }

    /// <summary>Loads the driver's library, if there is one, and asks it.</summary>
    public static CudaDriver Probe()
    {
        if (!NativeLibrary.TryLoad(Library, out var library))
        {
            return new CudaDriver($"the node has no NVIDIA driver ({Library} is not found); give the pod a GPU and, where the cluster needs one, the NVIDIA runtime class", null, []);
        }

        // The library stays loaded: libggml-cuda.so will want it, and unloading a driver is not safe.
        return Ask(new Calls(library));
    }

    private static CudaDriver Ask(Calls cuda)
    {
        if (cuda.Missing is { } missing)
        {
            return new CudaDriver($"{Library} lacks {missing} and cannot be a CUDA driver", null, []);
        }

        var answer = cuda.Init(0);
        if (answer != 0)
        {
            return new CudaDriver($"the NVIDIA driver cannot be used: cuInit answers {cuda.Describe(answer)}", null, []);
        }

        int number, count;
        var version = cuda.DriverGetVersion(&number) == 0 ? new Version(number / 1000, number % 1000 / 10) : null;
        answer = cuda.DeviceGetCount(&count);
        if (answer != 0 || count == 0)
        {
            return new CudaDriver(answer == 0
                ? "the NVIDIA driver shows no device to this process; give the pod a GPU"
                : $"the NVIDIA driver cannot count its devices: cuDeviceGetCount answers {cuda.Describe(answer)}", version, []);
        }

        var devices = new List<CudaDevice>(count);
        for (var i = 0; i < count; i++)
        {
            devices.Add(Describe(cuda, i));
        }

        return new CudaDriver(null, version, devices);
    }

    private static CudaDevice Describe(Calls cuda, int ordinal)
    {
        int device, major = 0, minor = 0;
        if (cuda.DeviceGet(&device, ordinal) == 0)
        {
            _ = cuda.DeviceGetAttribute(&major, ComputeCapabilityMajor, device);
            _ = cuda.DeviceGetAttribute(&minor, ComputeCapabilityMinor, device);
        }

        var name = stackalloc byte[NameSize];
        name[0] = 0;
        _ = cuda.DeviceGetName(name, NameSize, device);
        name[NameSize - 1] = 0;
        return new CudaDevice(Marshal.PtrToStringUTF8((nint)name) ?? "", new Version(major, minor));
    }

    private sealed class Calls
    {
        public readonly delegate* unmanaged[Cdecl]<uint, int> Init;
        public readonly delegate* unmanaged[Cdecl]<int*, int> DriverGetVersion;
        public readonly delegate* unmanaged[Cdecl]<int*, int> DeviceGetCount;
        public readonly delegate* unmanaged[Cdecl]<int*, int, int> DeviceGet;
        public readonly delegate* unmanaged[Cdecl]<int*, int, int, int> DeviceGetAttribute;
        public readonly delegate* unmanaged[Cdecl]<byte*, int, int, int> DeviceGetName;
        private readonly delegate* unmanaged[Cdecl]<int, byte**, int> _getErrorName;

        public Calls(nint library)
        {
            nint Find(string name)
            {
                if (!NativeLibrary.TryGetExport(library, name, out var address))
                {
                    Missing ??= name;
                }

                return address;
            }

            Init = (delegate* unmanaged[Cdecl]<uint, int>)Find("cuInit");
            DriverGetVersion = (delegate* unmanaged[Cdecl]<int*, int>)Find("cuDriverGetVersion");
            DeviceGetCount = (delegate* unmanaged[Cdecl]<int*, int>)Find("cuDeviceGetCount");
            DeviceGet = (delegate* unmanaged[Cdecl]<int*, int, int>)Find("cuDeviceGet");
            DeviceGetAttribute = (delegate* unmanaged[Cdecl]<int*, int, int, int>)Find("cuDeviceGetAttribute");
            DeviceGetName = (delegate* unmanaged[Cdecl]<byte*, int, int, int>)Find("cuDeviceGetName");
            _getErrorName = (delegate* unmanaged[Cdecl]<int, byte**, int>)Find("cuGetErrorName");
        }

        public string? Missing { get; private set; }

        public string Describe(int error)
        {
            byte* name = null;
            return _getErrorName(error, &name) == 0 && name != null
                ? $"{Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))} ({error})"
                : $"error {error}";
        }
    }
}
