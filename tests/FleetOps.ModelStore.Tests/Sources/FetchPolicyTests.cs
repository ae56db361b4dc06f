using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Sources;

/// <summary>What an installation demands of weights besides that they are the right ones.</summary>
public sealed class FetchPolicyTests
{
    private static readonly byte[] Model = GgufBuilder.Model().Build();

    [Fact]
    public async Task Where_a_digest_is_demanded_a_web_server_is_not_even_asked_without_one()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/model.gguf", file);
        FetchRequest request = Demanding(location.AbsoluteUri);

        ModelSourceException refusal = await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request));

        Assert.Equal(ModelSourceReason.PolicyViolation, refusal.Reason);
        Assert.Contains("sha256", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Server.Seen);
        Assert.Equal(DigestOrigin.Request, (await bench.FetchAsync(request with { Sha256 = FetchBench.Sha256(Model) })).DigestOrigin);
    }

    [Fact]
    public async Task Where_a_digest_is_demanded_a_file_is_taken_that_the_hub_names_one_for_also_when_it_lies_there_already()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        FetchRequest request = Demanding(hub.Source) with { Revision = StandInHub.Commit };
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);

        Assert.Equal(DigestOrigin.Source, (await bench.FetchAsync(request, options)).DigestOrigin);
        VerifiedModel again = await bench.FetchAsync(request, options);
        Assert.Equal((true, DigestOrigin.Source), (again.Reused, again.DigestOrigin));
    }

    [Fact]
    public async Task A_file_that_the_hub_names_no_digest_for_is_refused_before_it_is_downloaded_and_when_it_lies_there_already()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        hub.Lfs = false;
        FetchRequest request = Demanding(hub.Source) with { Revision = StandInHub.Commit };
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);

        Assert.Equal(ModelSourceReason.PolicyViolation, (await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, options))).Reason);
        Assert.Empty(bench.Published());

        await bench.FetchAsync(request with { RequireDigest = false }, options);
        Assert.Equal(ModelSourceReason.PolicyViolation, (await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, options))).Reason);
    }

    [Fact]
    public async Task A_licence_that_was_not_accepted_is_named_with_its_page_before_anything_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        var request = new FetchRequest(ModelSource.Parse(hub.Source)) { AcceptedLicense = "apache-2.0" };

        ModelSourceException refusal = await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, options));

        Assert.Equal(ModelSourceReason.LicenseNotAccepted, refusal.Reason);
        Assert.Contains($"acme-1.0 ({hub.Api.Address.AbsoluteUri.TrimEnd('/')}/{StandInHub.Repository})", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("apache-2.0", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Storage.Seen);
        Assert.Equal("acme-1.0", (await bench.FetchAsync(request with { AcceptedLicense = "ACME-1.0" }, options)).License);
    }

    [Theory]
    [InlineData("mit", ModelSourceReason.LicenseNotAccepted)]
    [InlineData("apache-2.0", null)]
    public async Task Where_the_source_names_no_licence_that_of_the_file_counts(string accepted, ModelSourceReason? refused)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/model.gguf", new ServedFile(Model));

        Exception? refusal = await Record.ExceptionAsync(() => bench.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)) { AcceptedLicense = accepted }));

        Assert.Equal(refused, (refusal as ModelSourceException)?.Reason);
    }

    [Theory]
    [InlineData("auto", null, null)]
    [InlineData("manual", "https://acme.example/licence", "https://acme.example/licence")]
    [InlineData("auto", "LICENSE.md", "/blob/0123456789abcdef0123456789abcdef01234567/LICENSE.md")]
    public async Task A_gated_repository_asks_for_its_licence_to_be_accepted_though_the_token_opens_it(string gated, string? card, string? link)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        (hub.Gated, hub.LicenseLink) = (gated, card);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        var request = new FetchRequest(ModelSource.Parse(hub.Source)) { Revision = StandInHub.Commit };

        ModelSourceException refusal = await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, options));

        Assert.Equal(ModelSourceReason.LicenseNotAccepted, refusal.Reason);
        Assert.All(["acme-1.0", "gated", link ?? $"/{StandInHub.Repository})"], word => Assert.Contains(word, refusal.Message, StringComparison.Ordinal));
        Assert.Empty(hub.Storage.Seen);
        VerifiedModel model = await bench.FetchAsync(request with { AcceptedLicense = "acme-1.0" }, options);
        Assert.Equal((true, "acme-1.0"), (model.IsGated, model.License));

        // What somebody accepted and fetched is not for those who did not.
        Assert.Equal(ModelSourceReason.LicenseNotAccepted, (await Assert.ThrowsAnyAsync<ModelSourceException>(() => bench.FetchAsync(request, options))).Reason);
    }

    [Fact]
    public async Task The_licence_in_a_header_is_refused_before_the_file_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        byte[] large = GgufBuilder.Model(tensorBytes: 3 << 20).Text("general.license.link", "https://licences.example/apache").Build();
        Uri location = bench.Serve("/model.gguf", new ServedFile(large));

        ModelSourceException refusal = await Assert.ThrowsAnyAsync<ModelSourceException>(
            () => bench.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)) { AcceptedLicense = "mit" }));

        Assert.Equal(ModelSourceReason.LicenseNotAccepted, refusal.Reason);
        Assert.Contains("apache-2.0 (https://licences.example/apache)", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["bytes=0-1048575"], bench.Server.Seen.Select(request => request.Range));
        Assert.Empty(Directory.GetFiles(bench.Models, "partial*", SearchOption.AllDirectories));
    }

    private static FetchRequest Demanding(string source) => new(ModelSource.Parse(source)) { RequireDigest = true };
}
