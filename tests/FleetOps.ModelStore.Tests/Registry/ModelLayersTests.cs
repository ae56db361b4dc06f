using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Registry;

/// <summary>Which of the blobs of a manifest is the model.</summary>
public sealed class ModelLayersTests
{
    private const string Repository = "acme/many";
    private static readonly byte[] One = GgufBuilder.Model(seed: 31).Build();
    private static readonly byte[] Other = GgufBuilder.Model(seed: 32).Build();

    [Fact]
    public async Task Of_several_models_the_one_with_the_demanded_digest_is_fetched()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage.Pack((ModelImage.PackRaw, "a.Q4_K_M.gguf", One), (ModelImage.PackRaw, "a.Q8_0.gguf", Other)).Serve(bench, Repository, "latest");

        ModelSourceException e = await bench.RefusedAsync(Source(bench));

        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains($"demand the sha256 of the one that is meant: a.Q4_K_M.gguf {FetchBench.Sha256(One)}, a.Q8_0.gguf {FetchBench.Sha256(Other)}", e.Message, StringComparison.Ordinal);
        Assert.Equal(FetchBench.Sha256(Other), (await bench.FetchAsync(Source(bench), FetchBench.Sha256(Other))).Sha256);
    }

    [Theory]
    [InlineData("application/vnd.cncf.model.weight.v1.tar", "weights.gguf", "in an archive (application/vnd.cncf.model.weight.v1.tar)")]
    [InlineData("application/vnd.cncf.model.weight.v1.tar+gzip", null, "in an archive")]
    [InlineData("application/vnd.cncf.model.weight.v1.raw", "model.safetensors", "layers of the types application/vnd.cncf.model.weight.v1.raw")]
    [InlineData("application/vnd.docker.ai.safetensors", null, "layers of the types application/vnd.docker.ai.safetensors")]
    [InlineData("application/vnd.docker.ai.mmproj", "mmproj.gguf", "layers of the types application/vnd.docker.ai.mmproj")]
    [InlineData("application/vnd.docker.ai.gguf.v3.lora", null, "holds no GGUF file")]
    [InlineData("application/vnd.oci.image.layer.v1.tar+gzip", null, "holds no GGUF file")]
    public async Task What_holds_no_model_is_refused_with_what_it_holds(string type, string? name, string cause)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage.Pack((type, name, One)).Serve(bench, Repository, "latest");
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/vnd.docker.ai.gguf.v3", null)]
    [InlineData("application/vnd.docker.ai.model.file.v1+gguf", null)]
    [InlineData("application/vnd.cncf.model.weight.v1.gguf", null)]
    [InlineData("application/vnd.cncf.model.weight.v1.raw", null)]
    [InlineData("application/vnd.cnai.model.weight.v1.raw", "sub/folder/a.GGUF")]
    [InlineData("application/octet-stream", "a.gguf")]
    public async Task What_holds_a_model_is_fetched(string type, string? name)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage.Pack((type, name, One), ("application/vnd.cncf.model.doc.v1.raw", "about.gguf", Other)).Serve(bench, Repository, "latest");
        Assert.Equal(FetchBench.Sha256(One), (await bench.FetchAsync(Source(bench))).Sha256);
    }

    [Fact]
    public async Task An_index_of_several_manifests_that_fit_asks_for_a_digest()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage one = ModelImage.Docker((ModelImage.DockerGguf, One));
        ModelImage other = ModelImage.Docker((ModelImage.DockerGguf, Other));
        ModelImage.Index((null, one), (null, other)).Serve(bench, Repository, "latest");
        one.Serve(bench, Repository);

        ModelSourceException e = await bench.RefusedAsync(Source(bench));

        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains($"{one.Digest}, {other.Digest}", e.Message, StringComparison.Ordinal);
        Assert.Equal(FetchBench.Sha256(One), (await bench.FetchAsync($"{Source(bench)}@{one.Digest}")).Sha256);
    }

    [Fact]
    public async Task An_index_without_a_manifest_for_this_machine_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage one = ModelImage.Docker((ModelImage.DockerGguf, One));
        ModelImage.Index(("linux/s390x", one), ("windows/amd64", one)).Serve(bench, Repository, "latest");
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains("none of them for linux/", e.Message, StringComparison.Ordinal);
    }

    private static string Source(FetchBench bench) => $"oci://{bench.Server.Address.Authority}/{Repository}";
}
