using FleetOps.LlamaCpp.Backends;
using FleetOps.TestModels;
using FsCheck.Xunit;

namespace FleetOps.LlamaCpp.Tests.Backends;

public sealed class CudaCodeTests(LlamaFixture llama)
{
    [Theory]
    [InlineData("8.0", "8.0", true)]
    [InlineData("8.0", "8.6", true)]
    [InlineData("8.6", "8.0", false)]
    [InlineData("8.0", "9.0", false)]
    public void Machine_code_runs_on_its_own_generation(string code, string device, bool runs) =>
        Assert.Equal(runs, new CudaCode(IsPtx: false, new Version(code), new Version(0, 0)).Runs(new Version(device), new Version(12, 4)));

    [Theory]
    [InlineData("8.0", "8.4", "9.0", "12.4", true)]
    [InlineData("8.0", "8.4", "9.0", "12.2", false)]
    [InlineData("8.0", "8.4", "10.0", "13.0", true)]
    [InlineData("9.0", "8.4", "8.0", "13.0", false)]
    [InlineData("8.0", "9.1", "9.0", "13.0", false)]
    [InlineData("8.0", "9.1", "9.0", "13.1", true)]
    [InlineData("7.5", "8.7", "9.0", "12.8", true)]
    public void Ptx_runs_on_newer_devices_whose_driver_knows_its_version(string code, string ptx, string device, string driver, bool runs) =>
        Assert.Equal(runs, new CudaCode(IsPtx: true, new Version(code), new Version(ptx)).Runs(new Version(device), new Version(driver)));

    [Fact]
    public void The_shipped_library_serves_pascal_and_newer_with_a_driver_for_cuda_12_4()
    {
        var folder = NativeTools.CudaLibraries(out var reason);
        Assert.SkipWhen(folder is null, reason);

        var codes = CudaFatBinary.Read(Path.Combine(folder!, "libggml-cuda.so"));

        Assert.All(codes.Where(static code => code.IsPtx), static code => Assert.Equal(new Version(12, 4), code.MinimumDriver));
        foreach (var capability in new[] { "6.1", "7.0", "7.5", "8.0", "8.6", "8.9", "9.0", "10.0" })
        {
            Assert.Contains(codes, code => code.Runs(new Version(capability), new Version(12, 4)));
        }

        Assert.DoesNotContain(codes, static code => code.Runs(new Version(3, 5), new Version(12, 4)));
    }

    [Fact]
    public void A_library_without_gpu_code_is_refused() =>
        Assert.Contains(".nv_fatbin", Assert.Throws<InvalidDataException>(() => CudaFatBinary.Read(Path.Combine(llama.Runtime.NativeDirectory, "libggml-base.so"))).Message, StringComparison.Ordinal);

    [Property(MaxTest = 200)]
    public bool Any_file_is_read_or_refused(byte[] bytes, bool elf)
    {
        var path = Path.Combine(llama.Folder, "any.so");
        File.WriteAllBytes(path, elf ? [.. "\u007fELF\u0002\u0001"u8, .. bytes ?? [], .. new byte[64]] : bytes ?? []);
        try
        {
            CudaFatBinary.Read(path);
            return false;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }
}
