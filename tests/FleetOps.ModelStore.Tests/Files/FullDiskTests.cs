using System.Diagnostics;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Files;

/// <summary>On a real volume of 4 MiB (tmpfs), which takes root to mount.</summary>
public sealed class FullDiskTests
{
    private static readonly byte[] Large = GgufBuilder.Model(tensorBytes: 6 << 20).Build();

    [Fact]
    public async Task A_file_that_cannot_fit_is_refused_before_it_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        using var volume = SmallVolume.Mount(bench.Models);
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", new ServedFile(Large)).AbsoluteUri);
        Assert.Equal(ModelSourceReason.DiskFull, e.Reason);
        Assert.Contains($"needs {Large.Length} more", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(Directory.GetFiles(bench.Models, "partial", SearchOption.AllDirectories).Single()).Length);
    }

    [Fact]
    public async Task A_volume_that_runs_full_meanwhile_is_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        using var volume = SmallVolume.Mount(bench.Models);
        var file = new ServedFile(Large) { Fault = _ => new ServedFault { Chunked = true } };
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", file).AbsoluteUri);
        Assert.Equal(ModelSourceReason.DiskFull, e.Reason);
        Assert.Contains("ran full", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, file.Requests);
    }

    private sealed class SmallVolume(string path) : IDisposable
    {
        public static SmallVolume Mount(string path)
        {
            Directory.CreateDirectory(path);
            Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", path), "A small volume cannot be mounted here (that takes root).");
            return new SmallVolume(path);
        }

        public void Dispose() => Run("umount", path);

        private static bool Run(string program, params string[] arguments)
        {
            try
            {
                using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
