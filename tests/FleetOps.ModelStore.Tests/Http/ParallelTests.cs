using System.Globalization;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>Large files, which come in ranges by several requests at once.</summary>
public sealed class ParallelTests
{
    private const int Range = 3 << 20;
    private static readonly byte[] Model = Large(1);
    private static readonly byte[] Other = Large(2);
    private static readonly string Digest = FetchBench.Sha256(Model);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_file_comes_in_ranges_and_its_digest_is_right(bool tls)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls);
        VerifiedModel model = await bench.FetchAsync(bench.Server.Serve("/m.gguf", new ServedFile(Model)), tls ? null : Digest);
        Assert.Equal((Digest, Model.Length), (model.Sha256, (int)model.SizeBytes));
        Assert.Equal(Model, await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken));
        string[] ranges = [.. bench.Server.Seen.Skip(1).Select(request => request.Range).Order(StringComparer.Ordinal)];
        Assert.Equal(Enumerable.Range(0, 12).Select(i => Ranged(i * Range, Math.Min((i + 1) * Range, Model.Length))).Order(StringComparer.Ordinal), ranges);
        Assert.All(bench.Server.Seen.Skip(1), request => Assert.Equal(("\"v1\"", ""), (request.IfMatch, request.IfRange)));
    }

    [Theory]
    [InlineData(6)]
    [InlineData(9)]
    public async Task A_range_that_is_cut_goes_on_from_there_with_fewer_requests(int at)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        var file = new ServedFile(Model) { Fault = request => request == at ? new ServedFault { CutAfter = 1_000_000 } : null };
        Assert.Equal(Digest, (await bench.FetchAsync(bench.Server.Serve("/m.gguf", file), Digest)).Sha256);
        Assert.Single(bench.Progress.Faults);
        string again = bench.Server.Seen.Select(request => request.Range).Single(range => range.EndsWith('-'));
        Assert.True(long.Parse(again["bytes=".Length..^1], CultureInfo.InvariantCulture) > 0, again);
    }

    [Fact]
    public async Task A_server_that_refuses_the_ranges_is_asked_for_the_rest_in_one_piece()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        var file = new ServedFile(Model);
        Uri location = bench.Server.Answer("/m.gguf", context =>
        {
            if (context.Request.Headers.Range.ToString() is { Length: > 0 } range && !range.EndsWith('-'))
            {
                context.Response.StatusCode = 429;
                return Task.CompletedTask;
            }

            return file.ServeAsync(context);
        });
        Assert.Equal(Digest, (await bench.FetchAsync(location, Digest)).Sha256);
        Assert.Equal(2, bench.Progress.Faults.Count);
        Assert.Equal(3, bench.Server.Seen.Count(request => request.Range.Length == 0));
    }

    [Fact]
    public async Task A_file_that_changes_between_two_ranges_is_begun_anew()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        file.Fault = request =>
        {
            if (request == 5)
            {
                (file.Content, file.ETag) = (Other, "\"v2\"");
            }

            return null;
        };
        VerifiedModel model = await bench.FetchAsync(bench.Server.Serve("/m.gguf", file));
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
    }

    [Fact]
    public async Task A_file_that_changes_between_two_ranges_is_noticed_by_its_time_where_the_server_ignores_the_condition()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { ETag = null, LastModified = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero) };
        file.Fault = request =>
        {
            if (request == 5)
            {
                (file.Content, file.LastModified) = (Other, file.LastModified!.Value.AddSeconds(1));
            }

            return new ServedFault { IgnoreIfRange = true };
        };
        VerifiedModel model = await bench.FetchAsync(bench.Server.Serve("/m.gguf", file));
        Assert.Equal(FetchBench.Sha256(Other), model.Sha256);
    }

    [Fact]
    public async Task A_range_that_is_corrupt_is_found_by_the_digest_and_the_file_is_read_in_one_piece()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        var file = new ServedFile(Model) { Fault = request => request is > 1 and < 14 ? new ServedFault { CorruptAt = 30_000_000 } : null };
        VerifiedModel model = await bench.FetchAsync(bench.Server.Serve("/m.gguf", file), Digest);
        Assert.Equal(Digest, model.Sha256);
        Assert.Equal("", bench.Server.Seen.Last().Range);
        Assert.Contains(bench.Progress.Faults, fault => fault.Reason == ModelSourceReason.DigestMismatch);
    }

    [Fact]
    public async Task A_server_that_damages_and_cuts_each_time_is_given_up()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] small = GgufBuilder.Model(tensorBytes: 100_000).Build();
        var file = new ServedFile(small) { Fault = request => new ServedFault { CorruptAt = 50_000, CutAfter = request % 2 == 1 ? 60_000 : null } };
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", file).AbsoluteUri, FetchBench.Sha256(small));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Empty(bench.Published());
    }

    [Fact]
    public async Task Where_a_source_redirects_the_ranges_go_there_and_credentials_do_not()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer storage = await StandInServer.StartAsync();
        bench.Folder.Write("secret/token", "t0ken");
        Uri target = storage.Serve("/blob", new ServedFile(Model));
        Uri location = bench.Server.Redirect("/m.gguf", target);
        VerifiedModel model = await bench.FetchAsync(location.AbsoluteUri, Digest, options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(Digest, model.Sha256);
        Assert.Single(bench.Server.Seen);
        Assert.Equal(13, storage.Seen.Count);
        Assert.All(storage.Seen, request => Assert.Equal("", request.Authorization));
    }

    private static byte[] Large(int seed)
    {
        var data = new byte[11 * Range];
        new Random(seed).NextBytes(data.AsSpan(0, 1 << 16));
        for (int at = 1 << 16; at < data.Length; at += 1 << 16)
        {
            data.AsSpan(0, 1 << 16).CopyTo(data.AsSpan(at));
            data[at] = (byte)(at >> 16);
            data[at + 1] = (byte)(at >> 24);
        }

        return new GgufBuilder().Text("general.architecture", "llama").Tensor("t", GgufTensorType.I8, [data.Length], data).Build();
    }

    private static string Ranged(int from, int end) => string.Create(CultureInfo.InvariantCulture, $"bytes={from}-{end - 1}");
}
