using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Split;

/// <summary>Fetches of split models that end in the middle, and files that go wrong on the disk afterwards.</summary>
public sealed class SplitResumeTests
{
    private const string SourceVariable = "FLEETOPS_TEST_SPLIT_SOURCE";
    private const string FolderVariable = "FLEETOPS_TEST_SPLIT_MODELS";
    private static readonly byte[][] Files = GgufBuilder.Split(3, tensorBytes: 2 << 20);
    private static readonly string Digest = FetchBench.Sha256(Files);

    [Fact]
    public async Task A_fetch_that_was_killed_is_continued_and_what_was_whole_is_not_downloaded_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ServedFile[] served = SplitFetchTests.Serve(bench, Files);

        // The first request is the question for the size.
        served[1].Fault = static request => request == 2 ? new ServedFault { CutAfter = 1_500_000, Stall = true } : null;
        using var child = new ChildTest(
            $"{typeof(SplitResumeTests).FullName}.{nameof(Child)}", (SourceVariable, SplitFetchTests.Source(bench)), (FolderVariable, bench.Models));
        await child.UntilAsync(() => PartLength(bench) >= 1 << 20);
        await child.KillAsync();
        Assert.Single(bench.Published());
        Assert.Empty(Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories));
        bench.Server.Seen.Clear();

        VerifiedModel model = await bench.FetchAsync(SplitFetchTests.Source(bench), Digest);

        Assert.Equal(Digest, model.Sha256);
        Assert.DoesNotContain(bench.Server.Seen, static request => request.Method == "GET" && request.Path.Contains("00001-of", StringComparison.Ordinal));
        Assert.Contains(bench.Progress.Reports, static report => report.Phase == FetchPhase.Verifying && report.FetchedBytes == Files[0].Length);
    }

    [Fact(Explicit = true)]
    public async Task Child()
    {
        string? source = Environment.GetEnvironmentVariable(SourceVariable);
        Assert.SkipWhen(source is null, "Runs only as the child of the test above.");
        using var fetcher = new ModelFetcher(new ModelFetcherOptions { ModelDirectory = Environment.GetEnvironmentVariable(FolderVariable)! });
        await fetcher.FetchAsync(new FetchRequest(ModelSource.Parse(source)) { Sha256 = Digest }, null, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_fetch_that_ends_in_any_file_goes_on_in_that_file(int file)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ServedFile[] served = SplitFetchTests.Serve(bench, Files);
        served[file].Fault = static request => request > 1 ? new ServedFault { CutAfter = 1_000_000, Stall = true } : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        long reached = Files.Take(file).Sum(static before => before.Length) + 1_000_000;
        bench.Progress.Watch = report =>
        {
            if (report.Phase == FetchPhase.Fetching && report.FetchedBytes >= reached)
            {
                stop.Cancel();
            }
        };
        using (var fetcher = new ModelFetcher(bench.Options(time: TimeProvider.System)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => fetcher.FetchAsync(new FetchRequest(ModelSource.Parse(SplitFetchTests.Source(bench))), bench.Progress, stop.Token));
        }

        served[file].Fault = static _ => null;
        bench.Server.Seen.Clear();
        Assert.Equal(Digest, (await bench.FetchAsync(SplitFetchTests.Source(bench))).Sha256);
        SeenRequest[] asked = [.. bench.Server.Seen.Where(static request => request.Method == "GET")];
        Assert.Equal(3 - file, asked.Length);
        Assert.StartsWith("bytes=", asked[0].Range, StringComparison.Ordinal);
        Assert.All(asked.Skip(1), static request => Assert.Equal("", request.Range));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_flipped_bit_on_the_disk_brings_that_file_alone(bool withDigest)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        SplitFetchTests.Serve(bench, Files);
        string? sha256 = withDigest ? Digest : null;
        VerifiedModel model = await bench.FetchAsync(SplitFetchTests.Source(bench), sha256);
        string second = model.Path.Replace("-00001-of", "-00002-of", StringComparison.Ordinal);
        byte[] damaged = [.. Files[1]];
        damaged[^1000] ^= 1;
        await File.WriteAllBytesAsync(second, damaged, TestContext.Current.CancellationToken);
        bench.Server.Seen.Clear();

        VerifiedModel again = await bench.FetchAsync(SplitFetchTests.Source(bench), sha256);

        Assert.Equal((Digest, false), (again.Sha256, again.Reused));
        Assert.Contains("00002-of-00003", Assert.Single(bench.Server.Seen, static request => request.Method == "GET").Path, StringComparison.Ordinal);
        Assert.Contains(bench.Progress.Faults, fault => fault.Message.Contains("00002-of-00003", StringComparison.Ordinal) && fault.Message.Contains(FetchBench.Sha256(damaged), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_digest_that_changes_brings_the_other_model()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        SplitFetchTests.Serve(bench, Files);
        await bench.FetchAsync(SplitFetchTests.Source(bench), Digest);
        byte[][] others = GgufBuilder.Split(3, tensorBytes: 1000, seed: 7);
        SplitFetchTests.Serve(bench, others);
        Assert.Equal(FetchBench.Sha256(others), (await bench.FetchAsync(SplitFetchTests.Source(bench), FetchBench.Sha256(others))).Sha256);

        // Whoever demands the first one finds it, though its source does not have it any more.
        Assert.True((await bench.FetchAsync(SplitFetchTests.Source(bench), Digest)).Reused);
    }

    [Fact]
    public async Task A_split_model_is_removed_as_one_and_counts_as_one()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        SplitFetchTests.Serve(bench, Files);
        using (await FetchAsync(bench, SplitFetchTests.Source(bench)))
        {
            // In use, it stays though there is no room.
            (await FetchAsync(bench, Small(bench, "a"))).Dispose();
            Assert.Equal(4, bench.Published().Count);
            // Its use ends after that of the other, which is the first to go then.
            bench.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        (await FetchAsync(bench, Small(bench, "b"))).Dispose();
        Assert.EndsWith("/b.gguf", Assert.Single(bench.Published()), StringComparison.Ordinal);
    }

    private static string Small(FetchBench bench, string name) => bench.Serve($"/{name}.gguf", new ServedFile(GgufBuilder.Model().Build())).AbsoluteUri;

    private static async Task<UsedModel> FetchAsync(FetchBench bench, string source)
    {
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        return new UsedModel(await bench.FetchAsync(new FetchRequest(ModelSource.Parse(source)), bench.Options() with { MaxCacheBytes = 5 << 20 }));
    }

    private static long PartLength(FetchBench bench)
    {
        string? part = Directory.Exists(bench.Models) ? Directory.GetFiles(bench.Models, "partial-00002", SearchOption.AllDirectories).SingleOrDefault() : null;
        return part is null ? 0 : new FileInfo(part).Length;
    }

    private sealed class UsedModel(VerifiedModel model) : IDisposable
    {
        public void Dispose() => model.Use!.Dispose();
    }
}
