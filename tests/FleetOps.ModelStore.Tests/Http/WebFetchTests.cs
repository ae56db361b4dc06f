using System.Text;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

public sealed class WebFetchTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 200_000).Build();

    [Fact]
    public async Task A_file_is_fetched_and_its_digest_reported()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/models/small.gguf", new ServedFile(Model));

        VerifiedModel model = await bench.FetchAsync(location);

        Assert.Equal(Model, await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken));
        Assert.Equal((FetchBench.Sha256(Model), Model.Length, "apache-2.0"), (model.Sha256, model.SizeBytes, model.License));
        Assert.Equal((DigestOrigin.Computed, false, null), (model.DigestOrigin, model.Reused, model.Revision));
        Assert.Equal("small.gguf", Path.GetFileName(model.Path));
        Assert.Equal("llama", model.Header.Architecture);
        Assert.StartsWith(bench.Models, model.Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_names_phase_bytes_and_total()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await bench.FetchAsync(bench.Serve("/m.gguf", new ServedFile(Model)));

        FetchProgress[] reports = [.. bench.Progress.Reports];
        Assert.Equal(FetchPhase.Completed, reports[^1].Phase);
        FetchProgress[] fetching = [.. reports.Where(report => report.Phase == FetchPhase.Fetching && report.TotalBytes is not null)];
        Assert.All(fetching, report => Assert.Equal(Model.Length, report.TotalBytes));
        Assert.Equal(fetching.Select(report => report.FetchedBytes).Order(), fetching.Select(report => report.FetchedBytes));
        Assert.Empty(bench.Progress.Faults);
    }

    [Fact]
    public async Task A_digest_in_any_case_is_enforced()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", new ServedFile(Model)), FetchBench.Sha256(Model).ToUpperInvariant());
        Assert.Equal(DigestOrigin.Request, model.DigestOrigin);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(150_000)]
    public async Task One_flipped_bit_is_a_mismatch_that_names_both_digests_and_leaves_nothing(int place)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = _ => new ServedFault { CorruptAt = place } };
        byte[] corrupt = (byte[])Model.Clone();
        corrupt[place] ^= 0x20;

        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", file).AbsoluteUri, FetchBench.Sha256(Model));

        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(FetchBench.Sha256(Model), e.Message, StringComparison.Ordinal);
        Assert.Contains(FetchBench.Sha256(corrupt), e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Published());
        Assert.Empty(Directory.GetFiles(bench.Models, "partial*", SearchOption.AllDirectories));
        Assert.Equal(1, file.Requests);
    }

    [Fact]
    public async Task A_file_without_a_declared_length_is_fetched()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = _ => new ServedFault { Chunked = true } };
        Assert.Equal(Model.Length, (await bench.FetchAsync(bench.Serve("/m.gguf", file))).SizeBytes);
    }

    [Fact]
    public async Task Plain_http_needs_a_digest_and_then_works()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        string source = bench.Serve("/m.gguf", new ServedFile(Model)).AbsoluteUri;
        Assert.StartsWith("http://", source, StringComparison.Ordinal);

        ModelSourceException e = await bench.RefusedAsync(source);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("give its sha256", e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Server.Seen);

        Assert.Equal(Model.Length, (await bench.FetchAsync(source, FetchBench.Sha256(Model))).SizeBytes);
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("zz345678901234567890123456789012345678901234567890123456789012zz")]
    public async Task A_digest_that_is_none_is_refused(string sha256)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync("https://example.org/m.gguf", sha256);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("64 hexadecimal digits", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revision_is_refused_where_there_is_none()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Assert.Equal(ModelSourceReason.InvalidConfiguration, (await bench.RefusedAsync("https://example.org/m.gguf", revision: "main")).Reason);
    }

    [Fact]
    public async Task A_web_page_is_refused_before_it_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var page = new ServedFile(Encoding.UTF8.GetBytes("<!DOCTYPE html>" + new string(' ', 5_000_000)));

        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", page).AbsoluteUri);

        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains("web page", e.Message, StringComparison.Ordinal);
        Assert.True(bench.Progress.Reports.Max(report => report.FetchedBytes) < 2_000_000);
    }

    [Fact]
    public async Task A_file_whose_digest_is_right_and_whose_header_is_wrong_is_not_kept()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        byte[] cut = Model[..^5_000];
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", new ServedFile(cut)).AbsoluteUri, FetchBench.Sha256(cut));
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains("truncated", e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Published());
    }

    [Fact]
    public async Task A_part_of_a_split_model_a_vocabulary_and_a_nameless_file_are_no_models()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        (string Cause, GgufBuilder File)[] cases =
        [
            ("3 files", GgufBuilder.Model().Value("split.count", ModelStore.Gguf.GgufValueType.UInt16, writer => writer.Write((ushort)3))),
            ("no tensors", new GgufBuilder().Text("general.architecture", "llama")),
            ("no architecture", new GgufBuilder().Tensor("t", ModelStore.Gguf.GgufTensorType.F32, [8], new byte[32])),
        ];
        foreach ((string cause, GgufBuilder file) in cases)
        {
            ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", new ServedFile(file.Build())).AbsoluteUri);
            Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
            Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_model_directory_that_cannot_be_made_is_a_matter_of_configuration()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("models", "a file where the folder should be");
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", new ServedFile(Model)).AbsoluteUri);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains(bench.Models, e.Message, StringComparison.Ordinal);
    }
}
