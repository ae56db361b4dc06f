using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Backends;

/// <summary>
/// What the CUDA image does on each kind of node, in a process of its own each time: the real libraries, with CUDA's own
/// replaced by stubs.
/// </summary>
public sealed class BackendSelectionTests(LlamaFixture llama)
{
    [Fact]
    public void The_cpu_image_chooses_the_cpu()
    {
        AssertCpu(BackendProbe.Run(Image(cuda: false), "Auto"), "this build has no CUDA");
        AssertCpu(BackendProbe.Run(Image(cuda: false), "Cpu"), "the CPU was asked for");
    }

    [Fact]
    public void The_cpu_image_refuses_cuda() => AssertRefused(BackendProbe.Run(Image(cuda: false), "Cuda"), "this build has no CUDA");

    [Fact]
    public void A_node_without_a_driver_gets_the_cpu_or_an_error()
    {
        var image = Image(cuda: true);

        AssertCpu(BackendProbe.Run(image, "Auto", Runtime()), "no NVIDIA driver");
        AssertRefused(BackendProbe.Run(image, "Cuda", Runtime()), "no NVIDIA driver");
    }

    [Fact]
    public void A_driver_that_cannot_start_gets_the_cpu_or_an_error()
    {
        var image = Image(cuda: true);
        (string, string)[] environment = [Runtime(driver: true), ("FLEETOPS_STUB_CUDA_INIT", "100")];

        AssertCpu(BackendProbe.Run(image, "Auto", environment), "CUDA_ERROR_NO_DEVICE (100)");
        AssertRefused(BackendProbe.Run(image, "Cuda", environment), "CUDA_ERROR_NO_DEVICE (100)");
    }

    [Fact]
    public void A_driver_without_a_device_gets_the_cpu_or_an_error()
    {
        var image = Image(cuda: true);

        AssertCpu(BackendProbe.Run(image, "Auto", Runtime(driver: true)), "shows no device");
        AssertRefused(BackendProbe.Run(image, "Cuda", Runtime(driver: true)), "shows no device");
    }

    [Fact]
    public void A_driver_too_old_for_the_device_is_named_with_the_one_that_is_needed()
    {
        (string, string)[] environment = [Runtime(driver: true), ("FLEETOPS_STUB_CUDA_DEVICES", "1"), ("FLEETOPS_STUB_CUDA_DRIVER", "12010")];

        AssertRefused(BackendProbe.Run(Image(cuda: true), "Cuda", environment), "needs a driver for CUDA 12.4 or newer", "serves 12.1");
    }

    [Fact]
    public void A_device_that_the_build_has_no_code_for_is_named()
    {
        (string, string)[] environment = [Runtime(driver: true), ("FLEETOPS_STUB_CUDA_DEVICES", "1"), ("FLEETOPS_STUB_CUDA_CAPABILITY", "35")];

        AssertRefused(BackendProbe.Run(Image(cuda: true), "Cuda", environment), "no code for Stub GPU 0 (compute capability 3.5)", "PTX 8.0");
    }

    [Fact]
    public void A_missing_cuda_runtime_is_named()
    {
        var stubs = Stubs();
        (string, string)[] environment = [("LD_LIBRARY_PATH", Path.Combine(stubs, "driver")), ("FLEETOPS_STUB_CUDA_DEVICES", "1")];

        AssertRefused(BackendProbe.Run(Image(cuda: true), "Cuda", environment), "libcudart.so.12");
    }

    [Fact]
    public void A_runtime_that_finds_no_device_is_an_error_though_the_driver_shows_one()
    {
        (string, string)[] environment = [Runtime(driver: true), ("FLEETOPS_STUB_CUDA_DEVICES", "2")];

        AssertCpu(BackendProbe.Run(Image(cuda: true), "Auto", environment), "finds no device although the driver shows 2");
        AssertRefused(BackendProbe.Run(Image(cuda: true), "Cuda", environment), "finds no device although the driver shows 2", "stub");
    }

    [Fact]
    public void The_cpu_can_be_asked_for_where_there_is_a_gpu()
    {
        (string, string)[] environment = [Runtime(driver: true), ("FLEETOPS_STUB_CUDA_DEVICES", "1")];

        AssertCpu(BackendProbe.Run(Image(cuda: true), "Cpu", environment), "the CPU was asked for");
    }

    [Fact]
    public void Missing_libraries_are_named_with_the_cure()
    {
        var (exit, output) = BackendProbe.Run(Path.Combine(llama.Folder, "nowhere"), "Auto");

        Assert.Equal(1, exit);
        Assert.StartsWith("NativeLibraryMissing|", output, StringComparison.Ordinal);
        Assert.Contains("inference-worker/native/restore", output, StringComparison.Ordinal);
    }

    private static void AssertCpu((int Exit, string Output) probe, string why)
    {
        Assert.Equal(0, probe.Exit);
        Assert.StartsWith("Cpu|", probe.Output, StringComparison.Ordinal);
        Assert.Contains(why, probe.Output, StringComparison.Ordinal);
        Assert.EndsWith("|CPU", probe.Output, StringComparison.Ordinal);
    }

    private static void AssertRefused((int Exit, string Output) probe, params string[] reasons)
    {
        Assert.Equal(1, probe.Exit);
        Assert.StartsWith("CudaUnavailable|", probe.Output, StringComparison.Ordinal);
        Assert.All(reasons, reason => Assert.Contains(reason, probe.Output, StringComparison.Ordinal));
    }

    // The folder of an image: the core, and for the CUDA image libggml-cuda.so in its subfolder.
    private string Image(bool cuda)
    {
        var libraries = llama.Runtime.NativeDirectory;
        var image = Path.Combine(llama.Folder, cuda ? "image-cuda" : "image-cpu");
        if (Directory.Exists(image))
        {
            return image;
        }

        string? cudaLibraries = null;
        if (cuda)
        {
            cudaLibraries = NativeTools.CudaLibraries(out var reason);
            Assert.SkipWhen(cudaLibraries is null, reason);
        }

        Directory.CreateDirectory(Path.Combine(image, "cuda"));
        foreach (var library in Directory.GetFiles(libraries, "*.so"))
        {
            File.CreateSymbolicLink(Path.Combine(image, Path.GetFileName(library)), library);
        }

        if (cudaLibraries is not null)
        {
            File.CreateSymbolicLink(Path.Combine(image, "cuda", "libggml-cuda.so"), Path.Combine(cudaLibraries, "libggml-cuda.so"));
        }

        return image;
    }

    private static string Stubs()
    {
        var stubs = NativeTools.CudaStubs(out var reason);
        Assert.SkipWhen(stubs is null, reason);
        return stubs!;
    }

    private static (string, string) Runtime(bool driver = false) =>
        ("LD_LIBRARY_PATH", driver ? $"{Stubs()}/runtime:{Stubs()}/driver" : $"{Stubs()}/runtime");
}
