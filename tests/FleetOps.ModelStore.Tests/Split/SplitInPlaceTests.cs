using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Split;

/// <summary>Split models that are used where they lie.</summary>
public sealed class SplitInPlaceTests
{
    private const string Source = "pvc://models/m-00001-of-00003.gguf";
    private static readonly byte[][] Files = GgufBuilder.Split(3);
    private static readonly string Digest = FetchBench.Sha256(Files);

    [Theory]
    [InlineData(null)]
    [InlineData("right")]
    [InlineData("wrong")]
    public async Task A_claim_gives_the_whole_model(string? demanded)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string first = Write(bench);
        if (demanded == "wrong")
        {
            ModelSourceException e = await bench.RefusedAsync(Source, new string('a', 64));
            Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
            Assert.Contains(Digest, e.Message, StringComparison.Ordinal);
            return;
        }

        VerifiedModel model = await bench.FetchAsync(Source, demanded is null ? null : Digest);
        Assert.Equal((first, Digest, Files.Sum(static file => file.Length), 4), (model.Path, model.Sha256, model.SizeBytes, model.Header.Tensors.Count));
        Assert.Equal((model.SizeBytes, model.SizeBytes), (bench.Progress.Reports.Last().FetchedBytes, bench.Progress.Reports.Last().TotalBytes));
        Assert.Equal(model.SizeBytes, bench.Progress.Reports.Where(static report => report.Phase == FetchPhase.Verifying).Max(static report => report.FetchedBytes));
    }

    [Fact]
    public async Task The_digest_of_the_whole_may_follow()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string first = Write(bench);
        VerifiedModel model = await bench.FetchAsync(new FetchRequest(ModelSource.Parse("file://" + first)) { DigestMayFollow = true });
        Assert.Equal(("", Files.Sum(static file => file.Length), 4), (model.Sha256, model.SizeBytes, model.Header.Tensors.Count));
        Assert.Equal(Digest, await model.PendingDigest!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_file_that_is_missing_is_named(bool claim)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string first = Write(bench);
        File.Delete(bench.Folder["claims/models/m-00002-of-00003.gguf"]);
        ModelSourceException e = await bench.RefusedAsync(claim ? Source : "file://" + first);
        Assert.Equal(ModelSourceReason.SourceNotFound, e.Reason);
        Assert.Contains("m-00002-of-00003.gguf (file 2 of 3)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_behind_links_are_given_by_the_names_that_belong_together()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            bench.Folder.Write($"claims/models/blobs/{i}", Files[i]);
            Directory.CreateDirectory(bench.Folder["claims/models/snapshot"]);
            File.CreateSymbolicLink(bench.Folder[$"claims/models/snapshot/m-0000{i + 1}-of-00003.gguf"], $"../blobs/{i}");
        }

        VerifiedModel model = await bench.FetchAsync("pvc://models/snapshot/m-00001-of-00003.gguf", Digest);
        Assert.Equal(bench.Folder["claims/models/snapshot/m-00001-of-00003.gguf"], model.Path);

        File.Delete(bench.Folder["claims/models/snapshot/m-00003-of-00003.gguf"]);
        File.CreateSymbolicLink(bench.Folder["claims/models/snapshot/m-00003-of-00003.gguf"], bench.Folder.Write("outside/m", Files[2]));
        ModelSourceException e = await bench.RefusedAsync("pvc://models/snapshot/m-00001-of-00003.gguf", Digest);
        Assert.Equal(ModelSourceReason.SourceUnauthorized, e.Reason);
        Assert.Contains("m-00003-of-00003.gguf", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_another_model_between_them_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Write(bench);
        bench.Folder.Write("claims/models/m-00002-of-00003.gguf", Files[2]);
        ModelSourceException e = await bench.RefusedAsync(Source);
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains("m-00002-of-00003.gguf (file 2 of 3)", e.Message, StringComparison.Ordinal);
    }

    private static string Write(FetchBench bench)
    {
        for (int i = 0; i < 3; i++)
        {
            bench.Folder.Write($"claims/models/m-0000{i + 1}-of-00003.gguf", Files[i]);
        }

        return bench.Folder["claims/models/m-00001-of-00003.gguf"];
    }
}
