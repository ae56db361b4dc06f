using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

public sealed class ResumeTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 1_500_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 1_500_000, seed: 2).Build();

    [Fact]
    public async Task A_download_cut_at_any_byte_goes_on_from_there()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] small = GgufBuilder.Model(tensorBytes: 32).Build();
        string sha256 = FetchBench.Sha256(small);
        for (int cut = 0; cut < small.Length; cut += cut < 30 || cut > small.Length - 30 ? 1 : 149)
        {
            int at = cut;
            var file = new ServedFile(small) { Fault = request => request == 1 ? new ServedFault { CutAfter = at } : null };
            VerifiedModel model = await bench.FetchAsync(bench.Serve($"/{cut}.gguf", file), sha256);
            Assert.Equal(sha256, model.Sha256);
            Assert.Equal(2, file.Requests);
            SeenRequest second = bench.Server.Seen.Last();
            Assert.Equal(cut == 0 ? ("", "") : ($"bytes={cut}-", "\"v1\""), (second.Range, second.IfMatch));

            // Or the next one would find its bytes here.
            Directory.Delete(bench.Models, recursive: true);
        }
    }

    [Fact]
    public async Task Many_cuts_in_a_row_are_survived_while_bytes_arrive()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        byte[] large = GgufBuilder.Model(tensorBytes: 24 << 20).Build();
        var file = new ServedFile(large) { Fault = _ => new ServedFault { CutAfter = 1_100_000 } };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file), FetchBench.Sha256(large));
        Assert.Equal(large.Length, model.SizeBytes);
        Assert.True(file.Requests > 20);
        Assert.All(bench.Progress.Faults, fault => Assert.InRange(fault.Attempt, 1, 2));
    }

    [Fact]
    public async Task A_file_that_changes_meanwhile_is_begun_anew()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        file.Fault = request =>
        {
            if (request == 1)
            {
                return new ServedFault { CutAfter = 700_000 };
            }

            (file.Content, file.ETag) = (Other, "\"v2\"");
            return null;
        };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
    }

    [Fact]
    public async Task A_file_that_changes_is_noticed_where_the_server_ignores_the_condition()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        file.Fault = request =>
        {
            if (request == 1)
            {
                return new ServedFault { CutAfter = 700_000 };
            }

            (file.Content, file.ETag) = (Other, "\"v2\"");
            return new ServedFault { IgnoreIfRange = true };
        };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
        Assert.Contains(bench.Progress.Faults, fault => fault.Message.Contains("another file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_changes_is_noticed_by_its_time_where_that_is_all_and_the_server_ignores_the_condition()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var file = new ServedFile(Model) { ETag = null, LastModified = time };
        file.Fault = request =>
        {
            if (request == 1)
            {
                return new ServedFault { CutAfter = 700_000 };
            }

            (file.Content, file.LastModified) = (Other, time.AddSeconds(1));
            return new ServedFault { IgnoreIfRange = true };
        };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
        Assert.Contains(bench.Progress.Faults, fault => fault.Message.Contains("another file", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_time_of_change_serves_where_there_is_no_strong_validator()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var file = new ServedFile(Model) { ETag = "W/\"weak\"", LastModified = time, Fault = request => request == 1 ? new ServedFault { CutAfter = 5_000 } : null };
        await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal("Fri, 02 Jan 2026 03:04:05 GMT", bench.Server.Seen.Last().IfRange);
        Assert.Equal("bytes=5000-", bench.Server.Seen.Last().Range);
    }

    [Fact]
    public async Task Parts_of_two_versions_that_met_unnoticed_are_found_by_the_digest_and_fetched_anew()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Other) { ETag = null };
        file.Fault = request =>
        {
            if (request == 1)
            {
                return new ServedFault { CutAfter = 700_000 };
            }

            file.Content = Model;
            return null;
        };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file), FetchBench.Sha256(Model));
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal(3, file.Requests);
        Assert.Contains(bench.Progress.Faults, fault => fault.Reason == ModelSourceReason.DigestMismatch);
    }

    [Fact]
    public async Task A_server_without_ranges_sends_all_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => new ServedFault { IgnoreRange = true, CutAfter = request == 1 ? 700_000 : null } };
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(bench.Serve("/m.gguf", file))).Sha256);
    }

    [Fact]
    public async Task An_answer_that_begins_elsewhere_than_asked_is_not_joined()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request switch { 1 => new ServedFault { CutAfter = 700_000 }, 2 => new ServedFault { ShiftRange = 1 }, _ => null } };
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(bench.Serve("/m.gguf", file))).Sha256);
    }

    [Fact]
    public async Task A_length_that_is_declared_too_long_is_no_obstacle_when_the_digest_is_right()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { DeclareLength = Model.Length + 1000 } : null };
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", file), FetchBench.Sha256(Model));
        Assert.Equal(Model.Length, model.SizeBytes);
    }

    [Fact]
    public async Task A_length_that_is_declared_too_short_ends_in_a_mismatch_or_a_refused_header()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = _ => new ServedFault { DeclareLength = Model.Length - 1000 } };
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        Assert.Equal(ModelSourceReason.DigestMismatch, (await bench.RefusedAsync(source, FetchBench.Sha256(Model))).Reason);
        Assert.Equal(ModelSourceReason.InvalidGguf, (await bench.RefusedAsync(source)).Reason);
        Assert.Empty(bench.Published());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_fetch_leaves_a_part_that_the_next_one_continues(bool withDigest)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string? sha256 = withDigest ? FetchBench.Sha256(Model) : null;
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 1_000_000, Stall = true } : null };
        var request = new FetchRequest(ModelStore.Sources.ModelSource.Parse(bench.Serve("/m.gguf", file).AbsoluteUri)) { Sha256 = sha256 };
        using (var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        using (var first = new ModelFetcher(bench.Options()))
        {
            var watch = new RecordedProgress { Watch = report => { if (report.FetchedBytes == 1_000_000) { cancel.Cancel(); } } };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.FetchAsync(request, watch, cancel.Token));
        }

        VerifiedModel model = await bench.FetchAsync(request);
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal("bytes=1000000-", bench.Server.Seen.Last().Range);
    }

    [Fact]
    public async Task Bytes_that_were_never_flushed_count_only_behind_a_digest()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 1_000_000 } : request == 2 ? new ServedFault { Status = 404 } : null };
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        await bench.RefusedAsync(source);
        string part = Directory.GetFiles(bench.Models, "partial", SearchOption.AllDirectories).Single();

        // What a power cut leaves: a file that is longer than what was flushed, zeros at its end.
        await using (FileStream stream = File.OpenWrite(part))
        {
            stream.SetLength(1_200_000);
        }

        VerifiedModel model = await bench.FetchAsync(source);
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal("bytes=1000000-", bench.Server.Seen.Last().Range);
    }

    [Fact]
    public async Task A_part_is_not_continued_towards_another_digest()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request switch { 1 => new ServedFault { CutAfter = 1_000_000 }, 2 => new ServedFault { Status = 404 }, _ => null } };
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        await bench.RefusedAsync(source, FetchBench.Sha256(Other));
        await bench.FetchAsync(source, FetchBench.Sha256(Model));
        Assert.Equal("", bench.Server.Seen.Last().Range);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{\"version\":2}")]
    public async Task A_damaged_record_costs_a_download_and_nothing_else(string record)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request switch { 1 => new ServedFault { CutAfter = 1_000_000 }, 2 => new ServedFault { Status = 404 }, _ => null } };
        string source = bench.Serve("/m.gguf", file).AbsoluteUri;
        await bench.RefusedAsync(source);
        await File.WriteAllTextAsync(Directory.GetFiles(bench.Models, "partial.json", SearchOption.AllDirectories).Single(), record, TestContext.Current.CancellationToken);
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(source)).Sha256);
    }
}
