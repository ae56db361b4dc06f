using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Files;

public sealed class InPlaceTests
{
    private static readonly byte[] Model = GgufBuilder.Model().Build();

    [Fact]
    public async Task A_file_on_a_claim_is_verified_where_it_lies()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string path = bench.Folder.Write("claims/models/a/m.gguf", Model);
        VerifiedModel model = await bench.FetchAsync("pvc://models/a/m.gguf", FetchBench.Sha256(Model));
        Assert.Equal((path, FetchBench.Sha256(Model), Model.Length, true), (model.Path, model.Sha256, model.SizeBytes, model.Reused));
        Assert.Equal((DigestOrigin.Request, "apache-2.0"), (model.DigestOrigin, model.License));
        Assert.False(Directory.Exists(bench.Models));
        Assert.Equal([path], Directory.GetFiles(bench.Folder["claims"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_file_on_a_claim_that_is_wrong_is_refused_and_left_alone()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string path = bench.Folder.Write("claims/models/m.gguf", Model);
        string wanted = new('b', 64);
        ModelSourceException e = await bench.RefusedAsync("pvc://models/m.gguf", wanted);
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(wanted, e.Message, StringComparison.Ordinal);
        Assert.Contains(FetchBench.Sha256(Model), e.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(path));
    }

    [Theory]
    [InlineData("pvc://other/m.gguf", ModelSourceReason.SourceNotFound, "claim 'other' is not mounted")]
    [InlineData("pvc://models/none.gguf", ModelSourceReason.SourceNotFound, "does not exist")]
    [InlineData("pvc://models/dir", ModelSourceReason.SourceNotFound, "is a folder")]
    [InlineData("pvc://models/page.gguf", ModelSourceReason.InvalidGguf, "web page")]
    [InlineData("pvc://models/out.gguf", ModelSourceReason.SourceUnauthorized, "symbolic link")]
    [InlineData("pvc://models/up.gguf", ModelSourceReason.SourceUnauthorized, "symbolic link")]
    [InlineData("pvc://models/outdir/m.gguf", ModelSourceReason.SourceUnauthorized, "symbolic link")]
    [InlineData("pvc://models/circle.gguf", ModelSourceReason.SourceUnauthorized, "in circles")]
    public async Task What_cannot_be_had_from_a_claim_is_told_apart(string source, ModelSourceReason reason, string cause)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("claims/models/dir/m.gguf", Model);
        bench.Folder.Write("claims/models/page.gguf", "<!DOCTYPE html><html></html>");
        string outside = bench.Folder.Write("outside/m.gguf", Model);
        File.CreateSymbolicLink(bench.Folder["claims/models/out.gguf"], outside);
        File.CreateSymbolicLink(bench.Folder["claims/models/up.gguf"], "../../outside/m.gguf");
        Directory.CreateSymbolicLink(bench.Folder["claims/models/outdir"], bench.Folder["outside"]);
        File.CreateSymbolicLink(bench.Folder["claims/models/circle.gguf"], "circle.gguf");
        ModelSourceException e = await bench.RefusedAsync(source);
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_that_nobody_demands_may_follow()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string path = bench.Folder.Write("claims/models/m.gguf", Model);
        using ModelFetcher fetcher = new(bench.Options());
        FetchRequest request = new(ModelSource.Parse("pvc://models/m.gguf")) { DigestMayFollow = true };

        VerifiedModel model = await fetcher.FetchAsync(request, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((path, "", DigestOrigin.Computed), (model.Path, model.Sha256, model.DigestOrigin));
        Assert.Equal(FetchBench.Sha256(Model), await model.PendingDigest!);

        ModelSourceException e = await Assert.ThrowsAsync<ModelSourceException>(() => fetcher.FetchAsync(request with { Sha256 = new string('b', 64) }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
    }

    [Fact]
    public async Task Links_within_a_claim_are_followed()
    {
        // The layout of the hub's own cache.
        await using FetchBench bench = await FetchBench.StartAsync();
        string blob = bench.Folder.Write("claims/models/hub/blobs/abc", Model);
        Directory.CreateDirectory(bench.Folder["claims/models/hub/snapshots/main"]);
        File.CreateSymbolicLink(bench.Folder["claims/models/hub/snapshots/main/m.gguf"], "../../blobs/abc");
        Assert.Equal(blob, (await bench.FetchAsync("pvc://models/hub/snapshots/main/m.gguf")).Path);
    }

    [Fact]
    public async Task A_claim_may_be_mounted_behind_a_link()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("real/m.gguf", Model);
        Directory.CreateDirectory(bench.Folder["claims"]);
        Directory.CreateSymbolicLink(bench.Folder["claims/models"], bench.Folder["real"]);
        Assert.Equal(Model.Length, (await bench.FetchAsync("pvc://models/m.gguf")).SizeBytes);
    }

    [Fact]
    public async Task A_file_of_this_machine_is_verified_where_it_lies()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string path = bench.Folder.Write("m.gguf", Model);
        VerifiedModel model = await bench.FetchAsync($"file://{path}");
        Assert.Equal((path, DigestOrigin.Computed), (model.Path, model.DigestOrigin));
        Assert.Equal(FetchPhase.Completed, bench.Progress.Reports.Last().Phase);
    }

    [Fact]
    public async Task A_file_that_changes_while_it_is_hashed_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string path = bench.Folder.Write("m.gguf", Model);
        bench.Progress.Watch = report =>
        {
            if (report.Phase == FetchPhase.Verifying && report.FetchedBytes == Model.Length)
            {
                File.SetLastWriteTimeUtc(path, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            }
        };
        ModelSourceException e = await bench.RefusedAsync($"file://{path}");
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains("changed while", e.Message, StringComparison.Ordinal);
    }
}
