using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Registry;

/// <summary>Against a real registry, so that what it says in each case is what registries say.</summary>
public sealed class RealRegistryTests(RealRegistry registry) : IClassFixture<RealRegistry>
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 300_000, seed: 11).Build();
    private static readonly byte[] License = "All rights granted."u8.ToArray();

    [Fact]
    public async Task A_model_that_Docker_packaged_is_fetched_by_its_tag_and_shown_with_the_digest_of_its_manifest()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage image = ModelImage.Docker((ModelImage.DockerGguf, Model), ("application/vnd.docker.ai.license", License));
        await registry.PushAsync(image, "public/docker", "8b-q4");

        VerifiedModel model = await bench.FetchAsync($"oci://{registry.Host}/public/docker:8b-q4");

        Assert.Equal((FetchBench.Sha256(Model), image.Digest, DigestOrigin.Source, false), (model.Sha256, model.Revision, model.DigestOrigin, model.Reused));
        Assert.Equal(Model, await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken));
        Assert.Equal("apache-2.0", model.License);
    }

    [Fact]
    public async Task A_model_of_ModelPack_is_fetched_with_the_licences_of_its_description()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage image = ModelImage.Pack(
            (ModelImage.PackRaw, "weights/tiny.Q8_0.gguf", Model),
            (ModelImage.PackRaw, "weights/mmproj-tiny.gguf", License),
            ("application/vnd.cncf.model.doc.v1.raw", "README.md", License));
        await registry.PushAsync(image, "public/pack", "latest");

        VerifiedModel model = await bench.FetchAsync($"oci://{registry.Host}/public/pack");

        Assert.Equal((FetchBench.Sha256(Model), image.Digest, "Apache-2.0, MIT"), (model.Sha256, model.Revision, model.License));
    }

    [Fact]
    public async Task A_file_that_ORAS_pushed_is_fetched()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Oras("tiny.gguf", Model), "public/oras", "v1");
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync($"oci://{registry.Host}/public/oras:v1")).Sha256);
    }

    [Fact]
    public async Task An_index_leads_to_the_manifest_for_this_machine()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage image = ModelImage.Docker((ModelImage.DockerGguf, Model));
        ModelImage other = ModelImage.Docker((ModelImage.DockerGguf, License));
        string mine = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64 ? "amd64" : "arm64";
        ModelImage index = ModelImage.Index(("linux/s390x", other), ($"linux/{mine}", image), ("unknown/unknown", other));
        await registry.PushAsync(image, "public/index");
        await registry.PushAsync(other, "public/index");
        await registry.PushAsync(index, "public/index", "latest");

        VerifiedModel model = await bench.FetchAsync($"oci://{registry.Host}/public/index:latest");

        Assert.Equal((FetchBench.Sha256(Model), index.Digest), (model.Sha256, model.Revision));
    }

    [Fact]
    public async Task A_tag_that_moves_is_followed_and_a_digest_stays()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        byte[] newer = GgufBuilder.Model(tensorBytes: 200_000, seed: 12).Build();
        ModelImage first = ModelImage.Docker((ModelImage.DockerGguf, Model));
        ModelImage second = ModelImage.Docker((ModelImage.DockerGguf, newer));
        string repository = $"oci://{registry.Host}/public/moving";
        await registry.PushAsync(first, "public/moving", "latest");
        Assert.Equal(first.Digest, (await bench.FetchAsync(repository)).Revision);

        await registry.PushAsync(second, "public/moving", "latest");

        Assert.Equal((second.Digest, FetchBench.Sha256(newer)), Summary(await bench.FetchAsync(repository)));
        Assert.Equal((first.Digest, FetchBench.Sha256(Model)), Summary(await bench.FetchAsync($"{repository}:latest@{first.Digest}")));

        // A digest cannot move, so that nobody is asked when the file is there.
        await registry.DeleteAsync(first, "public/moving");
        VerifiedModel again = await bench.FetchAsync($"{repository}@{first.Digest}");
        Assert.True(again.Reused);
    }

    [Fact]
    public async Task What_is_private_is_for_those_who_have_the_password()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Docker((ModelImage.DockerGguf, Model)), "private/model", "latest");
        string source = $"oci://{registry.Host}/private/model";

        ModelSourceException stranger = await bench.RefusedAsync(source);
        bench.Folder.Write("secret/username", StandInTokenServer.User);
        bench.Folder.Write("secret/password", "wrong");
        ModelSourceException wrong = await bench.RefusedAsync(source, options: bench.Options(bench.Folder["secret"]));
        bench.Folder.Write("secret/password", StandInTokenServer.Password + "\n");
        VerifiedModel model = await bench.FetchAsync(source, options: bench.Options(bench.Folder["secret"]));

        Assert.Equal(ModelSourceReason.CredentialsMissing, stranger.Reason);
        Assert.Contains("give credentials", stranger.Message, StringComparison.Ordinal);
        Assert.Equal(ModelSourceReason.SourceUnauthorized, wrong.Reason);
        Assert.Contains("refuses the credentials", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", wrong.Message, StringComparison.Ordinal);
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
    }

    [Fact]
    public async Task A_pull_secret_of_Kubernetes_opens_what_it_is_for()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Docker((ModelImage.DockerGguf, Model)), "private/pulled", "latest");
        string source = $"oci://{registry.Host}/private/pulled";
        string auth = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{StandInTokenServer.User}:{StandInTokenServer.Password}"));
        bench.Folder.Write("other/.dockerconfigjson", Auths(("ghcr.io", auth)));
        bench.Folder.Write("mine/.dockerconfigjson", Auths(("ghcr.io", "eDp5"), ($"http://{registry.Host}", auth)));

        Assert.Equal(ModelSourceReason.CredentialsMissing, (await bench.RefusedAsync(source, options: bench.Options(bench.Folder["other"]))).Reason);
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(source, options: bench.Options(bench.Folder["mine"]))).Sha256);
    }

    [Fact]
    public async Task A_token_that_is_given_is_sent_as_it_is()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Docker((ModelImage.DockerGguf, Model)), "secret/token", "latest");
        bench.Folder.Write("secret/token", registry.Tokens.Issue("secret/token", "pull"));
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync($"oci://{registry.Host}/secret/token", options: bench.Options(bench.Folder["secret"]))).Sha256);
        bench.Folder.Write("secret/token", registry.Tokens.Issue("secret/other", "pull"));
        Assert.Equal(ModelSourceReason.SourceUnauthorized, (await bench.RefusedAsync($"oci://{registry.Host}/secret/token:x", options: bench.Options(bench.Folder["secret"]))).Reason);
    }

    [Theory]
    [InlineData("public/known:absent", "'absent' in the repository 'public/known'")]
    [InlineData("public/known@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "'sha256:aaaaaaaa")]
    [InlineData("public/unknown:latest", "'public/unknown'")]
    public async Task What_a_registry_lacks_is_named(string what, string named)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Docker((ModelImage.DockerGguf, Model)), "public/known", "latest");
        ModelSourceException e = await bench.RefusedAsync($"oci://{registry.Host}/{what}");
        Assert.Equal(ModelSourceReason.SourceNotFound, e.Reason);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_without_a_model_is_told_by_the_types_that_it_holds()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(ModelImage.Pack((ModelImage.PackRaw, "model.safetensors", Model), ("application/vnd.cncf.model.doc.v1.raw", "LICENSE", License)), "public/tensors", "latest");
        ModelSourceException e = await bench.RefusedAsync($"oci://{registry.Host}/public/tensors");
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains("application/vnd.cncf.model.weight.v1.raw, application/vnd.cncf.model.doc.v1.raw", e.Message, StringComparison.Ordinal);
    }

    private static string Auths(params (string Address, string Auth)[] entries) =>
        $"{{\"auths\":{{{string.Join(',', entries.Select(static entry => $"\"{entry.Address}\":{{\"auth\":\"{entry.Auth}\"}}"))}}}}}";

    private static (string? Revision, string Sha256) Summary(VerifiedModel model) => (model.Revision, model.Sha256);
}
