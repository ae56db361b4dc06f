using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

public sealed class KilledFetchTests
{
    private const string SourceVariable = "FLEETOPS_TEST_SOURCE";
    private const string DigestVariable = "FLEETOPS_TEST_SHA256";
    private const string FolderVariable = "FLEETOPS_TEST_MODELS";

    [Fact]
    public async Task A_fetch_that_was_killed_is_continued_by_the_next_process()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] model = GgufBuilder.Model(tensorBytes: 6 << 20).Build();
        var file = new ServedFile(model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 4 << 20, Stall = true } : null };
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;

        using var child = new ChildTest(
            $"{typeof(KilledFetchTests).FullName}.{nameof(Child)}",
            (SourceVariable, source), (DigestVariable, FetchBench.Sha256(model)), (FolderVariable, bench.Models));
        await child.UntilAsync(() => PartLength(bench) >= 3 << 20);
        await child.KillAsync();
        Assert.True(PartLength(bench) >= 3 << 20);
        Assert.Empty(bench.Published());

        VerifiedModel fetched = await bench.FetchAsync(source, FetchBench.Sha256(model));

        Assert.Equal(FetchBench.Sha256(model), fetched.Sha256);
        Assert.Equal(2, file.Requests);
        string from = bench.Server.Seen.Last().Range["bytes=".Length..^1];
        Assert.InRange(long.Parse(from, System.Globalization.CultureInfo.InvariantCulture), 3 << 20, 4 << 20);
    }

    [Fact(Explicit = true)]
    public async Task Child()
    {
        string? source = Environment.GetEnvironmentVariable(SourceVariable);
        Assert.SkipWhen(source is null, "Runs only as the child of the test above.");
        using var fetcher = new ModelFetcher(new ModelFetcherOptions { ModelDirectory = Environment.GetEnvironmentVariable(FolderVariable)! });
        await fetcher.FetchAsync(
            new FetchRequest(ModelSource.Parse(source)) { Sha256 = Environment.GetEnvironmentVariable(DigestVariable) }, null, TestContext.Current.CancellationToken);
    }

    private static long PartLength(FetchBench bench)
    {
        string? part = Directory.Exists(bench.Models) ? Directory.GetFiles(bench.Models, "partial", SearchOption.AllDirectories).SingleOrDefault() : null;
        return part is null ? 0 : new FileInfo(part).Length;
    }
}
