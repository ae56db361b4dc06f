using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>The headers of a model can be read before it is downloaded.</summary>
public sealed class HeadTests
{
    private const int Megabyte = 1 << 20;

    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 3 * Megabyte).Build();

    [Fact]
    public async Task The_header_comes_with_the_first_megabyte_and_the_download_follows()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        ModelHead? head = null;
        int asked = 0;
        VerifiedModel model = await FetchAsync(bench, bench.Serve("/m.gguf", file), async ahead =>
        {
            head = await ahead.ReadAsync(TestContext.Current.CancellationToken);
            asked = file.Requests;
        });

        FileHead first = Assert.Single(head!.Files);
        Assert.Equal((1, "m.gguf", Model.LongLength, head.Header.DataOffset), (asked, first.FileName, head.Header.FileLength, first.Bytes.Length));
        Assert.Equal(Model.AsSpan(0, first.Bytes.Length), first.Bytes.Span);
        Assert.Equal(Tensors(model.Header), Tensors(head.Header));
        Assert.Equal("bytes=0-1048575", bench.Server.Seen.First().Range);
    }

    [Fact]
    public async Task A_model_that_is_there_is_not_asked_about_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/m.gguf", new ServedFile(Model));
        int calls = 0;
        for (int time = 0; time < 2; time++)
        {
            await FetchAsync(bench, location, _ =>
            {
                calls++;
                return Task.CompletedTask;
            });
        }

        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task What_is_thrown_before_the_download_is_the_end_of_it()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        await Assert.ThrowsAsync<NotSupportedException>(() => FetchAsync(bench, bench.Serve("/m.gguf", file), _ => throw new NotSupportedException()));

        Assert.Equal(0, file.Requests);
        Assert.Empty(bench.Published());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task A_long_header_is_read_part_by_part(bool ignoresRanges, bool cuts)
    {
        byte[] model = GgufBuilder.Model(tensorBytes: 2 * Megabyte).Texts("words", Enumerable.Range(0, 90_000).Select(static i => $"a rather long word {i}")).Build();
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(model) { Fault = request => new ServedFault { IgnoreRange = ignoresRanges, CutAfter = cuts && request == 2 ? 1000 : null } };
        ModelHead? head = null;
        await FetchAsync(bench, bench.Server.Serve("/m.gguf", file), async ahead =>
        {
            head = await ahead.ReadAsync(TestContext.Current.CancellationToken);
            file.Fault = static _ => null;
        });

        Assert.InRange(head!.Header.DataOffset, 2 * Megabyte, 4 * Megabyte);
        Assert.Equal(model.AsSpan(0, (int)head.Header.DataOffset), head.Files[0].Bytes.Span);
    }

    [Fact]
    public async Task Each_file_of_a_split_model_has_a_head()
    {
        byte[][] files = GgufBuilder.Split(3, tensorBytes: 80_000);
        await using FetchBench bench = await FetchBench.StartAsync();
        for (int number = 1; number <= files.Length; number++)
        {
            bench.Serve($"/m-0000{number}-of-00003.gguf", new ServedFile(files[number - 1]));
        }

        ModelHead? head = null;
        VerifiedModel model = await FetchAsync(bench, new Uri(bench.Server.Address, "/m-00001-of-00003.gguf"), async ahead => head = await ahead.ReadAsync(TestContext.Current.CancellationToken));

        Assert.Equal(["m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"], head!.Files.Select(static file => file.FileName));
        Assert.Equal(files.Select(static file => file.LongLength), head.Files.Select(static file => file.Header.FileLength));
        Assert.Equal(Tensors(model.Header), Tensors(head.Header));
    }

    [Fact]
    public async Task A_source_that_gives_no_header_is_told_and_still_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var faults = new List<ServedFault>
        {
            new() { Status = 503 }, new() { ShiftRange = 7 }, new() { CutAfter = 10 },
        };
        var file = new ServedFile(Model) { Fault = request => request <= faults.Count ? faults[request - 1] : null };
        ModelSourceException? told = null;
        VerifiedModel model = await FetchAsync(bench, bench.Server.Serve("/m.gguf", file), async ahead =>
            told = await Assert.ThrowsAnyAsync<ModelSourceException>(() => ahead.ReadAsync(TestContext.Current.CancellationToken)));

        Assert.Equal(ModelSourceReason.SourceUnreachable, told!.Reason);
        Assert.Contains("Gave up after 3 attempts", told.Message, StringComparison.Ordinal);
        Assert.Equal(Model.Length, model.SizeBytes);
    }

    [Fact]
    public async Task A_header_that_no_model_has_is_refused()
    {
        byte[] odd = GgufBuilder.Model().Number("llama.expert_count", 5000).Build();
        await using FetchBench bench = await FetchBench.StartAsync();
        await Assert.ThrowsAnyAsync<ModelSourceException>(() => FetchAsync(bench, bench.Serve("/m.gguf", new ServedFile(odd)), async ahead =>
        {
            ModelSourceException e = await Assert.ThrowsAnyAsync<ModelSourceException>(() => ahead.ReadAsync(TestContext.Current.CancellationToken));
            Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        }));
    }

    private static Task<VerifiedModel> FetchAsync(FetchBench bench, Uri location, Func<ModelAhead, Task> before) =>
        bench.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)) { BeforeDownload = (ahead, _) => before(ahead) });

    private static IEnumerable<(string Name, long Offset, long SizeBytes)> Tensors(GgufHeader header) => header.Tensors.Select(static tensor => (tensor.Name, tensor.Offset, tensor.SizeBytes));
}
