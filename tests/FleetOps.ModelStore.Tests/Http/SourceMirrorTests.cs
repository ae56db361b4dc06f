using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

/// <summary>Web servers that stand in for a source of https:// or s3:// that does not answer.</summary>
public sealed class SourceMirrorTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 200_000).Build();
    private static readonly string Digest = FetchBench.Sha256(Model);

    [Fact]
    public async Task A_web_server_that_is_down_is_replaced_by_the_first_mirror_that_has_the_file()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer one = await StandInServer.StartAsync(), other = await StandInServer.StartAsync(tls: false);
        bench.Folder.Write("secret/token", "t0ken");
        bench.Server.Answer("/a/b/m.gguf", 503);
        other.Serve("/copy/b/m.gguf", new ServedFile(Model));

        VerifiedModel model = await bench.FetchAsync(
            bench.Server.At("/a/b/m.gguf?sig=SECRET").AbsoluteUri, Digest, options: bench.Options(bench.Folder["secret"]) with { Mirrors = Mirrors(bench.Server.At("/a/"), one.Address, other.At("/copy/")) });

        Assert.Equal((Digest, false), (model.Sha256, model.Reused));
        Assert.Equal(["/b/m.gguf"], one.Seen.Select(static request => request.Path).Distinct());
        Assert.All([.. one.Seen, .. other.Seen], static request => Assert.Equal("", request.Authorization));
        Assert.All(bench.Server.Seen, static request => Assert.Equal("Bearer t0ken", request.Authorization));
    }

    [Fact]
    public async Task A_download_goes_on_at_the_mirror_and_is_not_begun_anew()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer mirror = await StandInServer.StartAsync();
        Uri source = bench.Serve("/m.gguf", new ServedFile(Model) { Fault = static request => request == 1 ? new ServedFault { CutAfter = 100_000 } : new ServedFault { Status = 429 } });
        mirror.Serve("/m.gguf", new ServedFile(Model) { ETag = "\"of-the-mirror\"" });
        VerifiedModel model = await bench.FetchAsync(source.AbsoluteUri, Digest, options: bench.Options() with { Mirrors = Mirrors(bench.Server.Address, mirror.Address) });
        Assert.Equal(Digest, model.Sha256);
        Assert.Equal(("bytes=100000-", ""), (mirror.Seen.Last().Range, mirror.Seen.Last().IfRange));
    }

    [Fact]
    public async Task A_bucket_names_the_digest_by_which_its_mirror_is_judged()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer mirror = await StandInServer.StartAsync();
        byte[] other = GgufBuilder.Model(tensorBytes: 200_000, seed: 2).Build();
        bench.Server.Answer("/models/sub/m%201.gguf", 503);
        bench.Server.Answer("/models/sub/m 1.gguf", context =>
        {
            context.Response.StatusCode = context.Request.Method == "HEAD" ? 200 : 503;
            context.Response.ContentLength = context.Request.Method == "HEAD" ? Model.Length : 0;
            context.Response.Headers["x-amz-checksum-type"] = "FULL_OBJECT";
            context.Response.Headers["x-amz-checksum-sha256"] = Convert.ToBase64String(Convert.FromHexString(Digest));
            return Task.CompletedTask;
        });
        ModelFetcherOptions options = bench.Options(s3: new S3Options { Endpoint = bench.Server.Address }) with { Mirrors = [SourceMirror.Parse($"s3://models/={mirror.At("/copy/")}")!] };
        mirror.Serve("/copy/sub/m 1.gguf", new ServedFile(other));
        ModelSourceException e = await bench.RefusedAsync("s3://models/sub/m 1.gguf", options: options);
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(Digest, e.Message, StringComparison.Ordinal);

        mirror.Serve("/copy/sub/m 1.gguf", new ServedFile(Model));
        Assert.Equal(Digest, (await bench.FetchAsync("s3://models/sub/m 1.gguf", options: options)).Sha256);
    }

    [Fact]
    public async Task A_mirror_is_not_asked_where_no_digest_is_known()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer mirror = await StandInServer.StartAsync();
        bench.Server.Answer("/m.gguf", 503);
        mirror.Serve("/m.gguf", new ServedFile(Model));
        ModelSourceException e = await bench.RefusedAsync(bench.Server.At("/m.gguf").AbsoluteUri, options: bench.Options() with { Mirrors = Mirrors(bench.Server.Address, mirror.Address) });
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Empty(mirror.Seen);
    }

    [Fact]
    public async Task What_the_source_says_is_final()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer mirror = await StandInServer.StartAsync();
        bench.Server.Answer("/m.gguf", 403);
        mirror.Serve("/m.gguf", new ServedFile(Model));
        ModelSourceException e = await bench.RefusedAsync(bench.Server.At("/m.gguf").AbsoluteUri, Digest, options: bench.Options() with { Mirrors = Mirrors(bench.Server.Address, mirror.Address) });
        Assert.Equal(ModelSourceReason.SourceUnauthorized, e.Reason);
        Assert.Empty(mirror.Seen);
    }

    [Fact]
    public async Task A_split_model_is_taken_from_source_and_mirror()
    {
        byte[][] files = GgufBuilder.Split(3, tensorBytes: 50_000);
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer mirror = await StandInServer.StartAsync();
        for (int i = 0; i < 3; i++)
        {
            bool broken = i == 1;
            bench.Serve($"/m-0000{i + 1}-of-00003.gguf", new ServedFile(files[i]) { Fault = request => broken && request > 1 ? new ServedFault { Status = 503 } : null });
            mirror.Serve($"/copy/m-0000{i + 1}-of-00003.gguf", new ServedFile(files[i]));
        }

        VerifiedModel model = await bench.FetchAsync(
            bench.Server.At("/m-00001-of-00003.gguf").AbsoluteUri, FetchBench.Sha256(files), options: bench.Options() with { Mirrors = Mirrors(bench.Server.Address, mirror.At("/copy/")) });
        Assert.Equal(FetchBench.Sha256(files), model.Sha256);
        Assert.Single(bench.Server.Seen, static request => request.Method == "GET" && request.Path.Contains("00001", StringComparison.Ordinal));
        Assert.DoesNotContain(mirror.Seen, static request => request.Method == "GET" && request.Path.Contains("00001", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://models.example/=https://cache.example/m/", "https://models.example/a/b.gguf?sig=1", "https://cache.example/m/a/b.gguf")]
    [InlineData("https://models.example:8443/x/=http://cache/", "https://models.example:8443/x/b.gguf", "http://cache/b.gguf")]
    [InlineData("s3://bucket/sub/=https://cache.example/", "s3://bucket/sub/a b/c+d.gguf", "https://cache.example/a%20b/c%2Bd.gguf")]
    [InlineData("https://models.example/=https://cache.example/", "https://models.example.evil/b.gguf", null)]
    [InlineData("https://models.example/a/=https://cache.example/", "https://models.example/ab/b.gguf", null)]
    [InlineData("s3://bucket/=https://cache.example/", "s3://bucket-2/b.gguf", null)]
    public void A_mirror_stands_for_what_lies_under_its_prefix(string mirror, string source, string? at) =>
        Assert.Equal(at, (SourceMirror.Parse(mirror)!.Of(ModelSource.Parse(source)) as HttpModelSource)?.Location.AbsoluteUri);

    [Theory]
    [InlineData("oci://ghcr.io/=oci://cache.example/ghcr/", "oci://ghcr.io/acme/tiny:v1", "oci://cache.example/ghcr/acme/tiny:v1")]
    [InlineData("oci://ghcr.io/acme/=oci://cache:5000/", "oci://ghcr.io/acme/tiny", "oci://cache:5000/tiny")]
    [InlineData("oci://docker.io/=oci://cache.example/", "oci://docker.io/ai/tiny:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "oci://cache.example/ai/tiny:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("oci://ghcr.io/=oci://cache.example/", "oci://ghcr.io.evil/tiny", null)]
    [InlineData("oci://ghcr.io/acme/=oci://cache.example/", "oci://ghcr.io/acme-2/tiny", null)]
    [InlineData("https://ghcr.io/=https://cache.example/", "oci://ghcr.io/acme/tiny", null)]
    public void A_registry_stands_for_what_lies_under_its_prefix(string mirror, string source, string? at) =>
        Assert.Equal(at, SourceMirror.Parse(mirror)!.Of(ModelSource.Parse(source))?.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("=https://cache.example/")]
    [InlineData("https://models.example/")]
    [InlineData("https://models.example=https://cache.example/")]
    [InlineData("https://models.example/=https://cache.example")]
    [InlineData("https://models.example/=s3://cache/")]
    [InlineData("hf://acme/=https://cache.example/")]
    [InlineData("oci://ghcr.io/=https://cache.example/")]
    [InlineData("https://models.example/=oci://cache.example/")]
    [InlineData("oci://ghcr.io=oci://cache.example/")]
    [InlineData("oci:///=oci://cache.example/")]
    [InlineData("s3:///=https://cache.example/")]
    [InlineData("https://models.example/=https://user:pw@cache.example/")]
    [InlineData("https://models.example/=https://cache.example/?sig=/")]
    public void A_mirror_that_is_none_is_refused(string text) => Assert.Null(SourceMirror.Parse(text));

    private static SourceMirror[] Mirrors(Uri from, params Uri[] to) => [.. to.Select(address => SourceMirror.Parse($"{from}={address}")!)];
}
