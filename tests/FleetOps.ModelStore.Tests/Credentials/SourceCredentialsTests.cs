using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Credentials;

public sealed class SourceCredentialsTests
{
    private const string Secret = "s3cr3t-value";
    private static readonly byte[] Model = GgufBuilder.Model().Build();

    [Fact]
    public async Task A_folder_that_is_not_there_is_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync("https://example.org/m.gguf", options: bench.Options(bench.Folder["none"]));
        Assert.Equal(ModelSourceReason.CredentialsMissing, e.Reason);
        Assert.Contains(bench.Folder["none"], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_lacking_is_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/username", "me");
        ModelSourceException web = await bench.RefusedAsync("https://example.org/m.gguf", options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.CredentialsMissing, web.Reason);
        Assert.Contains("'password'", web.Message, StringComparison.Ordinal);

        bench.Folder.Write("secret/password", "pw");
        ModelSourceException hub = await bench.RefusedAsync("hf://o/r/f.gguf", options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.CredentialsMissing, hub.Reason);
        Assert.Contains("'token'", hub.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("two " + Secret)]
    [InlineData(Secret + "\r\nX-Injected: 1")]
    public async Task A_token_that_cannot_be_sent_is_refused_and_not_repeated(string token)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/token", token);
        ModelSourceException e = await bench.RefusedAsync("https://example.org/m.gguf", options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("'token'", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_name_with_a_colon_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/username", "a:b");
        bench.Folder.Write("secret/password", Secret);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, (await bench.RefusedAsync("https://example.org/m.gguf", options: bench.Options(bench.Folder["secret"]))).Reason);
    }

    [Fact]
    public async Task Credentials_are_not_sent_unencrypted()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/token", Secret);
        ModelSourceException e = await bench.RefusedAsync("http://models.example/m.gguf", FetchBench.Sha256(Model), options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.InvalidConfiguration, e.Reason);
        Assert.Contains("unencrypted", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_was_rotated_is_seen_by_the_next_fetch()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Server.Answer("/m.gguf", 403);
        foreach (string token in new[] { "old", "new" })
        {
            bench.Folder.Write("secret/token", token);
            await bench.RefusedAsync(location.AbsoluteUri, options: bench.Options(bench.Folder["secret"]));
        }

        Assert.Equal(["Bearer old", "Bearer new"], bench.Server.Seen.Select(request => request.Authorization));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(416)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task Whatever_happens_no_secret_reaches_a_message_or_the_disk(int status)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/token", Secret);
        Uri location = new(bench.Server.Answer("/m.gguf", context =>
        {
            // A server that echoes what it was sent, as some do.
            context.Response.StatusCode = status;
            context.Response.Headers.Location = $"https://127.0.0.1:1/{(status == 302 ? "x" : "y")}?sig={Secret}";
            context.Response.Headers["X-Error-Message"] = Secret;
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResponseFeature>()!.ReasonPhrase = Secret;
            return status == 200 ? context.Response.Body.WriteAsync(Model).AsTask() : Task.CompletedTask;
        }), $"?sig={Secret}");

        string said = "";
        try
        {
            said += await bench.FetchAsync(location.AbsoluteUri, options: bench.Options(bench.Folder["secret"], attempts: 2));
        }
        catch (ModelSourceException e)
        {
            said += e;
        }

        said += string.Join('\n', bench.Progress.Reports);
        said += string.Join('\n', Directory.GetFileSystemEntries(bench.Models, "*", SearchOption.AllDirectories));
        said += string.Join('\n', Directory.GetFiles(bench.Models, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.DoesNotContain(Secret, said, StringComparison.Ordinal);
        Assert.Contains("Bearer " + Secret, bench.Server.Seen.First().Authorization, StringComparison.Ordinal);
    }
}
