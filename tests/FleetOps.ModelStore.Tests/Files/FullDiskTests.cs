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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_that_nobody_uses_gives_its_room_where_a_bound_says_that_models_may_go(bool chunked)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        using var volume = SmallVolume.Mount(bench.Models);
        ModelFetcherOptions options = bench.Options() with { MaxCacheBytes = 1L << 40 };
        VerifiedModel old = await bench.FetchAsync(Request(bench, "/old.gguf", new ServedFile(GgufBuilder.Model(tensorBytes: 2_500_000).Build())), options);
        var next = new ServedFile(GgufBuilder.Model(tensorBytes: 2_500_000, seed: 2).Build()) { Fault = _ => chunked ? new ServedFault { Chunked = true } : null };
        Assert.Equal(ModelSourceReason.DiskFull, (await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(Request(bench, "/next.gguf", next), options))).Reason);
        Assert.True(File.Exists(old.Path), "A model in use was removed.");

        old.Use!.Dispose();
        VerifiedModel model = await bench.FetchAsync(Request(bench, "/next.gguf", next), options);
        Assert.Equal(next.Content, await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken));
        model.Use!.Dispose();
        Assert.False(File.Exists(old.Path));
    }

    [Fact]
    public async Task A_volume_that_others_fill_ends_the_download_before_it_is_full()
    {
        const int Megabyte = 1 << 20;
        await using FetchBench bench = await FetchBench.StartAsync();
        using var volume = SmallVolume.Mount(bench.Models, "64m");
        byte[] model = GgufBuilder.Model(tensorBytes: 48 * Megabyte).Build();
        Uri location = bench.Server.Answer("/m.gguf", async context =>
        {
            context.Response.ContentLength = model.Length;
            await context.Response.Body.WriteAsync(model.AsMemory(0, 8 * Megabyte));
            await bench.Progress.ReachedAsync(8 * Megabyte);
            await File.WriteAllBytesAsync(Path.Join(bench.Models, "of-somebody-else"), new byte[30 * Megabyte]);
            await context.Response.Body.WriteAsync(model.AsMemory(8 * Megabyte));
        });

        ModelSourceException e = await bench.RefusedAsync(location.AbsoluteUri);

        Assert.Equal(ModelSourceReason.DiskFull, e.Reason);
        Assert.Contains("bytes free and the model needs", e.Message, StringComparison.Ordinal);
        Assert.True(new DriveInfo(bench.Models).AvailableFreeSpace > 0);
    }

    [Fact]
    public async Task A_capacity_that_the_file_system_does_not_know_is_kept()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        FetchRequest request = Request(bench, "/m.gguf", new ServedFile(Large));
        ModelSourceException e = await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, bench.Options() with { CapacityBytes = 6 << 20 }));
        Assert.Equal(ModelSourceReason.DiskFull, e.Reason);
        Assert.Equal(Large.Length, (await bench.FetchAsync(request, bench.Options() with { CapacityBytes = 8 << 20 })).SizeBytes);
    }

    private static FetchRequest Request(FetchBench bench, string path, ServedFile file) => new(ModelStore.Sources.ModelSource.Parse(bench.Serve(path, file).AbsoluteUri));

    private sealed class SmallVolume(string path) : IDisposable
    {
        public static SmallVolume Mount(string path, string size = "4m")
        {
            Directory.CreateDirectory(path);
            Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path), "A small volume cannot be mounted here (that takes root).");
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
