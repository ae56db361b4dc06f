using System.Globalization;
using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Cache;

public sealed class KilledFetchTests(ITestOutputHelper output)
{
    private const string SourceVariable = "FLEETOPS_TEST_SOURCE";
    private const string DigestVariable = "FLEETOPS_TEST_SHA256";
    private const string FolderVariable = "FLEETOPS_TEST_MODELS";
    private const string RangesVariable = "FLEETOPS_TEST_RANGES";
    private const int Piece = PartialFile.PieceBytes;

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
        Assert.InRange(long.Parse(from, CultureInfo.InvariantCulture), 3 << 20, 4 << 20);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(64 << 10)]
    public async Task A_fetch_that_is_killed_again_and_again_at_any_byte_goes_on_from_where_it_was(int ranges)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] model = GgufBuilder.Model(tensorBytes: 4 << 20).Build();
        string sha256 = FetchBench.Sha256(model);
        int seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        long stallAt = 0;
        string source = bench.Server.Answer("/m.gguf", context => StallAsync(context, model, ranges > 0, Volatile.Read(ref stallAt))).AbsoluteUri;
        long reached = 0;
        for (int kill = 1; kill <= 3; kill++)
        {
            Volatile.Write(ref stallAt, Math.Max(reached + 1, random.NextInt64(model.Length * (kill - 1) / 3, model.Length * kill / 3)));
            long least = ranges > 0 ? stallAt / ranges * ranges : stallAt / Piece * Piece;
            using var child = new ChildTest(
                $"{typeof(KilledFetchTests).FullName}.{nameof(Child)}",
                (SourceVariable, source), (DigestVariable, sha256), (FolderVariable, bench.Models), (RangesVariable, ranges.ToString(CultureInfo.InvariantCulture)));
            await child.UntilAsync(() => PartLength(bench) >= least && bench.Server.Seen.Count >= kill);
            await child.KillAsync();
            Assert.Empty(bench.Published());
            reached = PartLength(bench);
        }

        Volatile.Write(ref stallAt, long.MaxValue);
        bench.Server.Seen.Clear();
        VerifiedModel fetched = await bench.FetchAsync(source, sha256, options: bench.Options(connections: ranges > 0 ? 4 : 1));

        Assert.Equal(model, await File.ReadAllBytesAsync(fetched.Path, TestContext.Current.CancellationToken));
        // What a killed one asked for may be seen late; those are ranges with an end.
        Assert.Equal(reached == 0 ? "" : $"bytes={reached}-", bench.Server.Seen.First(static request => request.Range.Length == 0 || request.Range.EndsWith('-')).Range);
    }

    [Fact(Explicit = true)]
    public async Task Child()
    {
        string? source = Environment.GetEnvironmentVariable(SourceVariable);
        Assert.SkipWhen(source is null, "Runs only as the child of the test above.");
        var options = new ModelFetcherOptions { ModelDirectory = Environment.GetEnvironmentVariable(FolderVariable)! };
        if (int.TryParse(Environment.GetEnvironmentVariable(RangesVariable), CultureInfo.InvariantCulture, out int ranges))
        {
            options = options with { Connections = ranges > 0 ? 4 : 1, RangeBytes = Math.Max(ranges, 1) };
        }

        using var fetcher = new ModelFetcher(options);
        await fetcher.FetchAsync(
            new FetchRequest(ModelSource.Parse(source)) { Sha256 = Environment.GetEnvironmentVariable(DigestVariable) }, null, TestContext.Current.CancellationToken);
    }

    // Sends the file, or the part of it that is asked for, and stops for good before one byte.
    private static async Task StallAsync(HttpContext context, byte[] model, bool ranges, long stallAt)
    {
        (int from, int end) = (0, model.Length);
        if (context.Request.GetTypedHeaders().Range?.Ranges.Single() is { From: { } first } range)
        {
            (from, end) = ((int)first, (int)Math.Min(range.To + 1 ?? model.Length, model.Length));
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{end - 1}/{model.Length}";
        }

        if (ranges)
        {
            context.Response.Headers.AcceptRanges = "bytes";
        }

        context.Response.ContentLength = end - from;
        int sent = (int)Math.Clamp(stallAt - from, 0, end - from);
        try
        {
            await context.Response.Body.WriteAsync(model.AsMemory(from, sent), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (from + sent < end)
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client is gone.
        }
    }

    private static long PartLength(FetchBench bench)
    {
        string? part = Directory.Exists(bench.Models) ? Directory.GetFiles(bench.Models, "partial", SearchOption.AllDirectories).SingleOrDefault() : null;
        return part is null ? 0 : new FileInfo(part).Length;
    }
}
