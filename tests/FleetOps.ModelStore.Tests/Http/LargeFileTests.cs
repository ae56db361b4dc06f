using System.Security.Cryptography;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>Measures the heap of the whole process, so nothing runs beside it.</summary>
[Collection(nameof(Alone))]
public sealed class LargeFileTests
{
    private const long TensorBytes = 256L << 20;
    private const long MaxHeapGrowth = 16 << 20;

    [Fact]
    public async Task A_large_file_passes_through_in_little_memory()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);

        // A header that declares 256 MiB, and data that is made while it is sent.
        byte[] head = new GgufBuilder().Text("general.architecture", "llama").Tensor("t", GgufTensorType.I8, [TensorBytes], []).Build();
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        for (long sent = 0; sent < TensorBytes; sent += block.Length)
        {
            hash.AppendData(block);
        }

        string sha256 = Convert.ToHexStringLower(hash.GetHashAndReset());
        Uri location = bench.Server.Answer("/m.gguf", async context =>
        {
            context.Response.ContentLength = head.Length + TensorBytes;
            await context.Response.Body.WriteAsync(head);
            for (long sent = 0; sent < TensorBytes; sent += block.Length)
            {
                await context.Response.Body.WriteAsync(block);
            }
        });

        long before = GC.GetTotalMemory(forceFullCollection: true);
        long peak = 0;
        long last = 0;
        var progress = new RecordedProgress
        {
            Watch = report =>
            {
                if (report.FetchedBytes - last > 32 << 20)
                {
                    last = report.FetchedBytes;
                    peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: true));
                }
            },
        };
        using var fetcher = new ModelFetcher(new ModelFetcherOptions { ModelDirectory = bench.Models });
        VerifiedModel model = await fetcher.FetchAsync(
            new FetchRequest(ModelSource.Parse(location.AbsoluteUri)) { Sha256 = sha256 }, progress, TestContext.Current.CancellationToken);

        Assert.Equal(head.Length + TensorBytes, model.SizeBytes);
        Assert.InRange(peak - before, long.MinValue, MaxHeapGrowth);
        Assert.True(last > 0, "The heap was never measured.");
    }
}
