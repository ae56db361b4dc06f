using System.Text.Json;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Split;

/// <summary>Models that are split into several files, from every kind of source that is downloaded.</summary>
public sealed class SplitFetchTests
{
    private const string Name = "big model-00001-of-00003.gguf";
    private static readonly byte[][] Files = GgufBuilder.Split(3, tensorBytes: 80_000);
    private static readonly string Digest = FetchBench.Sha256(Files);

    [Fact]
    public async Task A_web_server_gives_all_files_side_by_side_under_names_that_belong_together()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Serve(bench, Files);
        VerifiedModel model = await bench.FetchAsync(Source(bench), Digest);

        Assert.Equal((Digest, Files.Sum(static file => file.Length), false, DigestOrigin.Request), (model.Sha256, model.SizeBytes, model.Reused, model.DigestOrigin));
        Assert.EndsWith("-00001-of-00003.gguf", model.Path, StringComparison.Ordinal);
        for (int number = 1; number <= 3; number++)
        {
            string path = model.Path.Replace("-00001-of", $"-0000{number}-of", StringComparison.Ordinal);
            Assert.Equal(Files[number - 1], await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task The_header_and_the_progress_are_those_of_the_whole()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Serve(bench, Files);
        VerifiedModel model = await bench.FetchAsync(Source(bench));

        long size = Files.Sum(static file => file.Length);
        Assert.Equal((4, "llama", "F16", DigestOrigin.Computed), (model.Header.Tensors.Count, model.Header.Architecture, model.Header.Quantization, model.DigestOrigin));
        Assert.Equal(3 * 40_000 + 5, model.Header.ParameterCount);
        FetchProgress[] fetching = [.. bench.Progress.Reports.Where(static report => report.Phase == FetchPhase.Fetching)];
        Assert.All(fetching, report => Assert.Equal(size, report.TotalBytes));
        Assert.Equal(fetching.Select(static report => report.FetchedBytes).Order(), fetching.Select(static report => report.FetchedBytes));
        Assert.Equal((size, size), (fetching[^1].FetchedBytes, bench.Progress.Reports.Last().FetchedBytes));
        Assert.Single(bench.Progress.Reports, static report => report.Phase == FetchPhase.Completed);
    }

    [Fact]
    public async Task What_is_there_is_hashed_again_and_not_downloaded_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ServedFile[] served = Serve(bench, Files);
        await bench.FetchAsync(Source(bench));
        int[] asked = [.. served.Select(static file => file.Requests)];
        VerifiedModel again = await bench.FetchAsync(Source(bench));
        Assert.Equal((Digest, true, DigestOrigin.Record, 4), (again.Sha256, again.Reused, again.DigestOrigin, again.Header.Tensors.Count));
        Assert.Equal(asked, served.Select(static file => file.Requests));
    }

    [Fact]
    public async Task The_hub_names_the_digest_of_each_file_and_is_asked_for_one_commit()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        VerifiedModel model = await bench.FetchAsync(HubSource, options: bench.Options(hub: hub.Api.Address));
        Assert.Equal((Digest, StandInHub.Commit, DigestOrigin.Source), (model.Sha256, model.Revision, model.DigestOrigin));
        Assert.Single(hub.Api.Seen, static request => request.Path.EndsWith("/revision/main", StringComparison.Ordinal));

        // A wrong digest is known before anything is downloaded.
        await using FetchBench other = await FetchBench.StartAsync();
        hub.Storage.Seen.Clear();
        ModelSourceException e = await other.RefusedAsync(HubSource, new string('a', 64), options: other.Options(hub: hub.Api.Address));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(Digest, e.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Storage.Seen);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task One_flipped_byte_puts_that_file_aside_and_names_it_with_both_digests(int number)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await HubAsync();
        ServedFile file = hub.Add(HubFile(number), Files[number - 1]);
        file.Fault = _ => new ServedFault { CorruptAt = 50_000 };
        ModelSourceException e = await bench.RefusedAsync(HubSource, options: bench.Options(hub: hub.Api.Address));

        byte[] damaged = [.. Files[number - 1]];
        damaged[50_000] ^= 0x20;
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.All([HubFile(number), FetchBench.Sha256(damaged), FetchBench.Sha256(Files[number - 1])], word => Assert.Contains(word, e.Message, StringComparison.Ordinal));
        Assert.Equal(damaged, await File.ReadAllBytesAsync(Directory.GetFiles(bench.Models, $"quarantined-0000{number}", SearchOption.AllDirectories).Single(), TestContext.Current.CancellationToken));
        Assert.Empty(Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories));

        // What came before it was right and is not downloaded again.
        file.Fault = _ => null;
        hub.Storage.Seen.Clear();
        Assert.Equal(Digest, (await bench.FetchAsync(HubSource, options: bench.Options(hub: hub.Api.Address))).Sha256);
        Assert.Equal(4 - number, hub.Storage.Seen.Count);
        Assert.Empty(Directory.GetFiles(bench.Models, "quarantined*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_digest_of_the_whole_that_is_wrong_puts_all_files_aside()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ServedFile[] served = Serve(bench, Files);
        served[1].Fault = _ => new ServedFault { CorruptAt = 50_000 };
        ModelSourceException e = await bench.RefusedAsync(Source(bench), Digest);
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(Digest, e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Published());
        Assert.Equal(3, Directory.GetFiles(bench.Models, "quarantined-*", SearchOption.AllDirectories).Length);

        served[1].Fault = _ => null;
        Assert.Equal(Digest, (await bench.FetchAsync(Source(bench), Digest)).Sha256);
    }

    [Fact]
    public async Task A_bucket_gives_the_version_of_each_object()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        for (int number = 1; number <= 3; number++)
        {
            bench.Serve($"/models/sub/m-0000{number}-of-00003.gguf", new ServedFile(Files[number - 1]) { ETag = $"\"{number}\"" });
        }

        ModelFetcherOptions options = bench.Options(s3: new S3Options { Endpoint = bench.Server.Address });
        VerifiedModel model = await bench.FetchAsync("s3://models/sub/m-00001-of-00003.gguf", options: options);
        Assert.Equal((Digest, false), (model.Sha256, model.Reused));
        model.Use!.Dispose();
        VerifiedModel stored = await bench.FetchAsync("s3://models/sub/m-00001-of-00003.gguf", options: options);
        Assert.True(stored.Reused);
        stored.Use!.Dispose();

        // One object that is replaced is fetched, and the others are not.
        byte[] other = GgufBuilder.SplitFile(1, 3, 80_000, seed: 9).Build();
        bench.Serve("/models/sub/m-00002-of-00003.gguf", new ServedFile(other) { ETag = "\"new\"" });
        bench.Server.Seen.Clear();
        Assert.Equal(FetchBench.Sha256([Files[0], other, Files[2]]), (await bench.FetchAsync("s3://models/sub/m-00001-of-00003.gguf", options: options)).Sha256);
        Assert.Single(bench.Server.Seen, static request => request.Method == "GET");
    }

    [Fact]
    public async Task A_registry_gives_the_layers_whose_names_belong_together()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage image = ModelImage.Pack(
            (ModelImage.PackRaw, "dir/x-00002-of-00003.gguf", Files[1]), (ModelImage.PackRaw, "dir/x-00001-of-00003.gguf", Files[0]), (ModelImage.PackRaw, "dir/x-00003-of-00003.gguf", Files[2]));
        image.Serve(bench, "acme/tiny", "v1");
        VerifiedModel model = await bench.FetchAsync($"oci://{bench.Server.Address.Authority}/acme/tiny:v1", options: bench.Options(attempts: 2));
        Assert.Equal((Digest, image.Digest, DigestOrigin.Source), (model.Sha256, model.Revision, model.DigestOrigin));
        Assert.EndsWith("/tiny-00001-of-00003.gguf", model.Path, StringComparison.Ordinal);

        // Without the registry, what is there tells how many files there are.
        bench.Server.Answer("/v2/acme/tiny/manifests/v1", 503);
        VerifiedModel kept = await bench.FetchAsync($"oci://{bench.Server.Address.Authority}/acme/tiny:v1", options: bench.Options(attempts: 2));
        Assert.Equal((Digest, true, model.Path), (kept.Sha256, kept.Reused, kept.Path));
    }

    [Fact]
    public async Task A_registry_that_lacks_a_file_says_which()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage.Pack((ModelImage.PackRaw, "x-00001-of-00003.gguf", Files[0]), (ModelImage.PackRaw, "x-00003-of-00003.gguf", Files[2])).Serve(bench, "acme/tiny", "v1");
        ModelSourceException e = await bench.RefusedAsync($"oci://{bench.Server.Address.Authority}/acme/tiny:v1", options: bench.Options(attempts: 2));
        Assert.Equal(ModelSourceReason.SourceNotFound, e.Reason);
        Assert.Contains("File 2 of the 3 files", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tag_that_moves_to_another_number_of_files_brings_those_alone()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] whole = GgufBuilder.Model().Build();
        string source = $"oci://{bench.Server.Address.Authority}/acme/tiny:v1";
        ModelImage.Pack((ModelImage.PackRaw, "x.gguf", whole)).Serve(bench, "acme/tiny", "v1");
        (await bench.FetchAsync(source, options: bench.Options(attempts: 2))).Use!.Dispose();
        ModelImage.Pack([.. Files.Select(static (file, i) => (ModelImage.PackRaw, (string?)$"x-0000{i + 1}-of-00003.gguf", file))]).Serve(bench, "acme/tiny", "v1");
        VerifiedModel split = await bench.FetchAsync(source, options: bench.Options(attempts: 2));
        Assert.Equal(Digest, split.Sha256);
        Assert.Equal(3, bench.Published().Count);
        split.Use!.Dispose();
        ModelImage.Pack((ModelImage.PackRaw, "x.gguf", whole)).Serve(bench, "acme/tiny", "v1");
        Assert.Equal(FetchBench.Sha256(whole), (await bench.FetchAsync(source, options: bench.Options(attempts: 2))).Sha256);
        Assert.Single(bench.Published());
    }

    [Fact]
    public async Task A_missing_file_is_known_before_anything_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Serve(bench, Files);
        bench.Server.Answer(Path(2), 404);
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Equal(ModelSourceReason.SourceNotFound, e.Reason);
        Assert.Contains("File 2 of the 3 files", e.Message, StringComparison.Ordinal);
        Assert.Contains("00002-of-00003", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(bench.Server.Seen, static request => request.Method == "GET");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_the_question_for_sizes_gives_the_files_all_the_same()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        foreach ((byte[] file, int number) in Files.Select(static (file, i) => (file, i + 1)))
        {
            var served = new ServedFile(file);
            bench.Server.Answer(Path(number), context =>
            {
                context.Response.StatusCode = 405;
                return context.Request.Method == "HEAD" ? Task.CompletedTask : served.ServeAsync(context);
            });
        }

        Assert.Equal(Digest, (await bench.FetchAsync(Source(bench), Digest)).Sha256);
    }

    [Theory]
    [InlineData("https://example.com/m-00002-of-00003.gguf?sig=SECRET", "https://example.com/m-00001-of-00003.gguf?…")]
    [InlineData("hf://acme/tiny/sub/m-00003-of-00003.gguf@dev", "hf://acme/tiny/sub/m-00001-of-00003.gguf@dev")]
    [InlineData("s3://models/sub/m-00002-of-00003.gguf", "s3://models/sub/m-00001-of-00003.gguf")]
    [InlineData("pvc://models/sub/m-00002-of-00003.gguf", "pvc://models/sub/m-00001-of-00003.gguf")]
    [InlineData("file:///models/m-00002-of-00003.gguf", "file:///models/m-00001-of-00003.gguf")]
    [InlineData("hf://acme/tiny/m-00000-of-00003.gguf", "counted from 1")]
    [InlineData("hf://acme/tiny/m-00004-of-00003.gguf", "counted from 1")]
    [InlineData("hf://acme/tiny/m-00001-of-00513.gguf", "2 to 512 files")]
    [InlineData("hf://acme/tiny/m-00001-of-00000.gguf", "2 to 512 files")]
    public async Task A_name_of_another_file_than_the_first_is_refused(string source, string cure)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync(source);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains(cure, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_of_one_object_is_none_of_a_split_model()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync("s3://models/m-00001-of-00003.gguf", revision: "v7");
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("'v7'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_file_that_says_it_is_one_of_one_is_a_whole_model()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        byte[] model = GgufBuilder.Model().Value("split.count", GgufValueType.UInt16, static writer => writer.Write((ushort)1)).Build();
        Assert.Equal(FetchBench.Sha256(model), (await bench.FetchAsync(bench.Serve("/m-00001-of-00001.gguf", new ServedFile(model)))).Sha256);
    }

    [Fact]
    public async Task Files_that_do_not_belong_together_are_refused()
    {
        byte[][] swapped = [Files[0], Files[2], Files[1]];
        byte[][] twice = [Files[0], Files[1], GgufBuilder.SplitFile(1, 3).Value("general.alignment", GgufValueType.UInt32, static writer => writer.Write(32)).Build()];
        byte[][] untyped = [Files[0], new GgufBuilder().Number("split.no", 1).Number("split.count", 3).Build(), Files[2]];
        byte[][] whole = [GgufBuilder.Model().Build(), Files[1], Files[2]];
        byte[][] fewer = [Files[0], Files[1], GgufBuilder.SplitFile(2, 3).Tensor("blk.9.ffn_up.weight", GgufTensorType.F32, [5], new byte[20]).Build()];
        foreach ((byte[][] files, string cause) in new[] { (swapped, "file 2 (counted from 0) of 3"), (twice, "counted from 0"), (untyped, "counted from 0"), (whole, "of not named"), (fewer, "split.tensors.count is 4") })
        {
            await using FetchBench bench = await FetchBench.StartAsync();
            Serve(bench, files);
            ModelSourceException e = await bench.RefusedAsync(Source(bench));
            Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
            Assert.Contains(cause, e.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public async Task The_record_names_the_number_of_files()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Serve(bench, Files);
        await bench.FetchAsync(Source(bench));
        using var verdict = JsonDocument.Parse(File.ReadAllBytes(Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories).Single()));
        Assert.Equal((3, Digest), (verdict.RootElement.GetProperty("files").GetInt32(), verdict.RootElement.GetProperty("sha256").GetString()));
    }

    internal static ServedFile[] Serve(FetchBench bench, byte[][] files) => [.. files.Select((content, i) =>
    {
        var file = new ServedFile(content) { ETag = $"\"{i}\"" };
        bench.Serve(Path(i + 1), file);
        return file;
    })];

    internal static string Source(FetchBench bench) => bench.Server.At("/dir/big%20model-00001-of-00003.gguf").AbsoluteUri;

    private static string Path(int number) => $"/dir/{Name.Replace("-00001-", $"-0000{number}-", StringComparison.Ordinal)}";

    private static string HubSource => $"hf://{StandInHub.Repository}/{HubFile(1)}";

    private static string HubFile(int number) => $"q8/m-0000{number}-of-00003.gguf";

    private static async Task<StandInHub> HubAsync()
    {
        StandInHub hub = await StandInHub.StartAsync(Files[0]);
        for (int number = 1; number <= 3; number++)
        {
            hub.Add(HubFile(number), Files[number - 1]);
        }

        return hub;
    }
}
