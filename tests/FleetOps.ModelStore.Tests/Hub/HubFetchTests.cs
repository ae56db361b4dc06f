using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Hub;

public sealed class HubFetchTests
{
    private const string RevisionPath = $"/api/models/{StandInHub.Repository}/revision/main";
    private const string FilePath = $"/{StandInHub.Repository}/resolve/{StandInHub.Commit}/{StandInHub.FileName}";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 80_000).Build();

    [Fact]
    public async Task A_file_is_fetched_at_the_commit_with_the_digest_and_the_licence_of_the_hub()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);

        VerifiedModel model = await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address));

        Assert.Equal((FetchBench.Sha256(Model), StandInHub.Commit, "acme-1.0"), (model.Sha256, model.Revision, model.License));
        Assert.Equal(DigestOrigin.Source, model.DigestOrigin);
        Assert.Equal("tiny.Q8_0.gguf", Path.GetFileName(model.Path));
    }

    [Fact]
    public async Task The_token_goes_to_the_hub_and_not_to_its_storage()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        bench.Folder.Write("secret/token", "hf_secret");
        await bench.FetchAsync(hub.Source, options: bench.Options(bench.Folder["secret"], hub.Api.Address));
        Assert.All(hub.Api.Seen, request => Assert.Equal("Bearer hf_secret", request.Authorization));
        Assert.Equal(["GET", "HEAD", "GET"], hub.Api.Seen.Select(request => request.Method));
        Assert.Equal("", Assert.Single(hub.Storage.Seen).Authorization);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task The_digest_is_looked_up_in_the_listing_where_the_header_is_lacking(int pagesBefore)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        (hub.LinkedETag, hub.PagesBefore) = (false, pagesBefore);
        Assert.Equal(DigestOrigin.Source, (await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address))).DigestOrigin);
    }

    [Fact]
    public async Task A_file_outside_of_LFS_has_no_digest_to_enforce()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        hub.Lfs = false;
        VerifiedModel model = await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address));
        Assert.Equal((DigestOrigin.Computed, FetchBench.Sha256(Model)), (model.DigestOrigin, model.Sha256));
    }

    [Fact]
    public async Task A_storage_that_sends_other_bytes_than_the_hub_promises_is_a_mismatch()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        hub.File.Fault = _ => new ServedFault { CorruptAt = 5_000 };
        ModelSourceException e = await bench.RefusedAsync(hub.Source, options: bench.Options(hub: hub.Api.Address));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Empty(bench.Published());
    }

    [Fact]
    public async Task A_storage_that_offers_another_size_than_the_hub_promises_is_not_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        hub.Size = Model.Length + 1;
        ModelSourceException e = await bench.RefusedAsync(hub.Source, options: bench.Options(hub: hub.Api.Address, attempts: 2));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains($"{Model.Length + 1}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_that_contradicts_the_hub_is_found_before_anything_is_downloaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        string wanted = new('a', 64);
        ModelSourceException e = await bench.RefusedAsync(hub.Source, wanted, options: bench.Options(hub: hub.Api.Address));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(wanted, e.Message, StringComparison.Ordinal);
        Assert.Contains(FetchBench.Sha256(Model), e.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Storage.Seen);
    }

    [Fact]
    public async Task A_revision_may_be_a_branch_with_a_slash()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);

        // The slash stays escaped on the wire; the stand-in sees it that way too.
        hub.Install(StandInHub.Commit, "refs%2Fpr%2F1");
        Assert.Equal(StandInHub.Commit, (await bench.FetchAsync(hub.Source, revision: "refs/pr/1", options: bench.Options(hub: hub.Api.Address))).Revision);
        Assert.Equal(StandInHub.Commit, (await bench.FetchAsync(hub.Source + "@refs/pr/1", options: bench.Options(hub: hub.Api.Address))).Revision);
    }

    [Fact]
    public async Task A_source_and_a_revision_that_contradict_each_other_are_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Assert.Equal(ModelSourceReason.InvalidConfiguration, (await bench.RefusedAsync("hf://o/r/f@v1", revision: "v2")).Reason);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, (await bench.RefusedAsync("hf://o/r/f", revision: "a b")).Reason);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", false, ModelSourceReason.SourceNotFound, "does not exist")]
    [InlineData(401, null, false, ModelSourceReason.SourceNotFound, "or it is private")]
    [InlineData(404, "RepoNotFound", true, ModelSourceReason.SourceNotFound, "the token may not see it")]
    [InlineData(404, "RevisionNotFound", false, ModelSourceReason.SourceNotFound, "no revision 'main'")]
    [InlineData(404, null, false, ModelSourceReason.SourceNotFound, "check the three")]
    [InlineData(401, null, true, ModelSourceReason.SourceUnauthorized, "refuses the token")]
    [InlineData(403, null, true, ModelSourceReason.SourceUnauthorized, "lacks the permission")]
    [InlineData(403, null, false, ModelSourceReason.SourceUnauthorized, "without a token")]
    [InlineData(500, null, false, ModelSourceReason.SourceUnreachable, "500 (InternalServerError)")]
    public async Task What_the_hub_says_of_a_repository_is_told_apart(int status, string? code, bool token, ModelSourceReason reason, string cause) =>
        await RefusedAsync(RevisionPath, status, code, token, reason, cause);

    [Theory]
    [InlineData(404, "EntryNotFound", false, ModelSourceReason.SourceNotFound, $"no file '{StandInHub.FileName}'")]
    [InlineData(401, "GatedRepo", false, ModelSourceReason.CredentialsMissing, "is gated and no token was given")]
    [InlineData(403, "GatedRepo", true, ModelSourceReason.LicenseNotAccepted, "is gated and the account of the token has no access")]
    public async Task What_the_hub_says_of_a_file_is_told_apart(int status, string? code, bool token, ModelSourceReason reason, string cause) =>
        await RefusedAsync(FilePath, status, code, token, reason, cause);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("{\"sha\":\"main\"}")]
    [InlineData("{\"sha\":5}")]
    public async Task What_is_no_hub_is_named(string answer)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Server.Answer(RevisionPath, context => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, answer));
        ModelSourceException e = await bench.RefusedAsync($"hf://{StandInHub.Repository}/f.gguf", options: bench.Options(hub: bench.Server.Address));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("HF_ENDPOINT", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_under_a_path_is_reached()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await bench.RefusedAsync("hf://o/r/a/b.gguf", options: bench.Options(hub: bench.Server.At("/mirror/hf/")));
        Assert.Equal("/mirror/hf/api/models/o/r/revision/main", bench.Server.Seen.Single().Path);
    }

    [Fact]
    public async Task A_repository_that_was_renamed_is_followed_within_the_hub()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        hub.Api.Redirect("/api/models/old/name/revision/main", hub.Api.At(RevisionPath), 307);
        hub.Api.Redirect($"/old/name/resolve/{StandInHub.Commit}/{StandInHub.FileName}", hub.Api.At(FilePath), 307);
        VerifiedModel model = await bench.FetchAsync($"hf://old/name/{StandInHub.FileName}", options: bench.Options(hub: hub.Api.Address));
        Assert.Equal((DigestOrigin.Source, StandInHub.Commit), (model.DigestOrigin, model.Revision));
    }

    [Fact]
    public async Task A_hub_over_plain_http_far_away_proves_nothing()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync("hf://o/r/f.gguf", options: bench.Options(hub: new Uri("http://mirror.example")));
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("give the sha256", e.Message, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(string path, int status, string? code, bool token, ModelSourceReason reason, string cause)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        bench.Folder.Write("secret/token", "hf_secret");
        hub.Fail(path, status, code);
        ModelSourceException e = await bench.RefusedAsync(
            hub.Source, options: bench.Options(token ? bench.Folder["secret"] : null, hub.Api.Address, attempts: 2));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("words of the hub", e.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Storage.Seen);
    }
}
