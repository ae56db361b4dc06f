using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Registry;

/// <summary>Registries that stand in for that of a source which does not answer.</summary>
public sealed class RegistryMirrorTests(RealRegistry registry) : IClassFixture<RealRegistry>
{
    private const string Repository = "acme/tiny";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 2 << 20, seed: 31).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 2 << 20, seed: 32).Build();
    private static readonly string Digest = FetchBench.Sha256(Model);
    private static readonly ModelImage Image = ModelImage.Docker((ModelImage.DockerGguf, Model));

    [Fact]
    public async Task A_registry_that_is_down_is_replaced_by_one_that_has_the_manifest_of_the_digest()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await registry.PushAsync(Image, "public/mirror/acme/tiny", "v2");
        bench.Server.Otherwise = static context => Answer(context, 503);

        VerifiedModel model = await bench.FetchAsync($"{Source(bench)}:v1@{Image.Digest}", options: Mirrored(bench, $"{registry.Host}/public/mirror"));

        Assert.Equal((Digest, Image.Digest, DigestOrigin.Source), (model.Sha256, model.Revision, model.DigestOrigin));
        Assert.Equal(Model, await File.ReadAllBytesAsync(model.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task By_a_tag_the_digest_of_the_weights_has_to_be_given_and_nothing_else_is_believed()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer mirror = await StandInServer.StartAsync(tls: false);
        bench.Server.Otherwise = static context => Answer(context, 503);
        Image.Serve(mirror, Repository, "v1");

        ModelSourceException refused = await bench.RefusedAsync($"{Source(bench)}:v1", options: Mirrored(bench, mirror.Address.Authority));
        Assert.Equal(ModelSourceReason.SourceUnreachable, refused.Reason);
        Assert.Empty(mirror.Seen);
        Assert.Contains(bench.Progress.Faults, static fault => fault.Message.Contains("name the digest of the manifest", StringComparison.Ordinal));

        VerifiedModel model = await bench.FetchAsync($"{Source(bench)}:v1", Digest, options: Mirrored(bench, mirror.Address.Authority));
        Assert.Equal((Digest, null), (model.Sha256, model.Revision));
    }

    [Fact]
    public async Task A_download_goes_on_at_the_mirror_by_the_digest_that_the_registry_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer mirror = await StandInServer.StartAsync(tls: false);
        ServedFile weights = Image.Serve(bench, Repository, "v1");
        weights.Fault = static request => request == 1 ? new ServedFault { CutAfter = 1 << 20 } : new ServedFault { Status = 503 };
        // Its tag has gone on to another model.
        ModelImage.Docker((ModelImage.DockerGguf, Other)).Serve(mirror, Repository, "v1");
        Image.Serve(mirror, Repository);

        VerifiedModel model = await bench.FetchAsync($"{Source(bench)}:v1", options: Mirrored(bench, mirror.Address.Authority));

        Assert.Equal((Digest, Image.Digest), (model.Sha256, model.Revision));
        Assert.Equal($"bytes={1 << 20}-", mirror.Seen.Last().Range);
        Assert.DoesNotContain(mirror.Seen, static request => request.Path.EndsWith("/v1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_mirror_gives_has_to_have_the_digest()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer forged = await StandInServer.StartAsync(tls: false), lacking = await StandInServer.StartAsync(tls: false), right = await StandInServer.StartAsync(tls: false);
        bench.Server.Otherwise = static context => Answer(context, 503);
        forged.Answer($"/v2/{Repository}/manifests/{Image.Digest}", ModelImage.Docker((ModelImage.DockerGguf, Other)).AnswerAsync);
        Image.Serve(lacking, Repository);
        lacking.Answer($"/v2/{Repository}/blobs/sha256:{Digest}", 404);
        string source = $"{Source(bench)}@{Image.Digest}";

        ModelSourceException refused = await bench.RefusedAsync(source, options: Mirrored(bench, forged.Address.Authority, lacking.Address.Authority));
        Assert.Equal(ModelSourceReason.SourceUnreachable, refused.Reason);
        Assert.Empty(bench.Published());

        Image.Serve(right, Repository);
        ModelFetcherOptions options = Mirrored(bench, forged.Address.Authority, lacking.Address.Authority, right.Address.Authority);
        Assert.Equal(Digest, (await bench.FetchAsync(source, options: options)).Sha256);
    }

    [Fact]
    public async Task A_mirror_is_sent_what_names_it_and_not_what_is_meant_for_the_source()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer mirror = await StandInServer.StartAsync(tls: false);
        bench.Server.Otherwise = static context => Answer(context, 503);
        Image.Serve(mirror, Repository);
        mirror.Answer($"/v2/{Repository}/manifests/{Image.Digest}", context =>
        {
            if (context.Request.Headers.Authorization.Count > 0)
            {
                return Image.AnswerAsync(context);
            }

            context.Response.Headers.WWWAuthenticate = "Basic realm=\"cache\"";
            return Answer(context, 401);
        });
        string source = $"{Source(bench)}@{Image.Digest}";
        bench.Folder.Write("token/token", "t0ken");
        bench.Folder.Write("docker/.dockerconfigjson", $$"""{"auths": {"{{mirror.Address.Authority}}": {"username": "alice", "password": "sesame"} } }""");

        await bench.RefusedAsync(source, options: Mirrored(bench, mirror.Address.Authority) with { CredentialsDirectory = bench.Folder["token"] });
        Assert.NotEmpty(mirror.Seen);
        Assert.All(mirror.Seen, static request => Assert.Equal("", request.Authorization));

        VerifiedModel model = await bench.FetchAsync(source, options: Mirrored(bench, mirror.Address.Authority) with { CredentialsDirectory = bench.Folder["docker"] });
        Assert.Equal(Digest, model.Sha256);
        Assert.All(bench.Server.Seen.Where(static request => request.Authorization != "Bearer t0ken"), static request => Assert.Equal("", request.Authorization));
    }

    [Fact]
    public async Task What_the_registry_says_is_final()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer mirror = await StandInServer.StartAsync(tls: false);
        bench.Server.Otherwise = static context => Answer(context, 403);
        Image.Serve(mirror, Repository);

        ModelSourceException refused = await bench.RefusedAsync($"{Source(bench)}@{Image.Digest}", options: Mirrored(bench, mirror.Address.Authority));

        Assert.Equal(ModelSourceReason.CredentialsMissing, refused.Reason);
        Assert.Empty(mirror.Seen);
    }

    private static string Source(FetchBench bench) => $"oci://{bench.Server.Address.Authority}/{Repository}";

    private static ModelFetcherOptions Mirrored(FetchBench bench, params string[] mirrors) =>
        bench.Options() with { Mirrors = [.. mirrors.Select(mirror => SourceMirror.Parse($"oci://{bench.Server.Address.Authority}/=oci://{mirror}/")!)] };

    private static Task Answer(Microsoft.AspNetCore.Http.HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
