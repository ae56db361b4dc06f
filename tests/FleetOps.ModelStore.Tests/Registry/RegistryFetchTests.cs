using System.Text;
using FleetOps.ModelStore.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace FleetOps.ModelStore.Tests.Registry;

/// <summary>What a real registry does not do on demand: faults, redirects, tokens that run out, documents made to deceive.</summary>
public sealed class RegistryFetchTests
{
    private const string Repository = "acme/tiny";
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 2 << 20, seed: 21).Build();
    private static readonly ModelImage Image = ModelImage.Docker((ModelImage.DockerGguf, Model));

    [Fact]
    public async Task The_token_goes_to_the_registry_and_not_to_its_storage()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        await using StandInServer storage = await StandInServer.StartAsync(tls: false);
        Guard(bench, _ => "t1");
        bench.Server.Answer(BlobPath, Bearer("t1", context =>
        {
            context.Response.Redirect(storage.At("/data?X-Amz-Signature=abc").AbsoluteUri);
            return Task.CompletedTask;
        }));
        storage.Serve("/data", new ServedFile(Model));

        await bench.FetchAsync(Source(bench));

        Assert.Equal("", Assert.Single(storage.Seen).Authorization);
        Assert.Equal("Bearer t1", bench.Server.Seen.Last().Authorization);
    }

    [Fact]
    public async Task The_password_goes_to_the_token_server_and_not_to_the_registry()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        Guard(bench, _ => "t1");
        bench.Folder.Write("secret/username", "alice");
        bench.Folder.Write("secret/password", "sesame");

        await bench.FetchAsync(Source(bench), options: bench.Options(bench.Folder["secret"]));

        string basic = "Basic " + Convert.ToBase64String("alice:sesame"u8);
        Assert.Equal(basic, bench.Server.Seen.Single(request => request.Path == "/token").Authorization);
        Assert.DoesNotContain(bench.Server.Seen, request => request.Path != "/token" && request.Authorization == basic);
    }

    [Fact]
    public async Task A_registry_that_asks_for_the_password_itself_gets_it()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        string basic = "Basic " + Convert.ToBase64String("alice:sesame"u8);
        bench.Server.Answer(ManifestPath, context => context.Request.Headers.Authorization == basic ? Image.AnswerAsync(context) : Challenge(context, "Basic realm=\"acme\""));
        bench.Server.Answer(BlobPath, context => context.Request.Headers.Authorization == basic ? new ServedFile(Model).ServeAsync(context) : Challenge(context, "Basic realm=\"acme\""));
        Assert.Equal(ModelSourceReason.CredentialsMissing, (await bench.RefusedAsync(Source(bench))).Reason);

        bench.Folder.Write("secret/username", "alice");
        bench.Folder.Write("secret/password", "sesame");
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(Source(bench), options: bench.Options(bench.Folder["secret"]))).Sha256);
    }

    [Fact]
    public async Task A_token_that_ran_out_during_the_download_is_renewed_and_the_download_goes_on()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        int issued = 0;
        Guard(bench, _ => $"t{Interlocked.Increment(ref issued)}");
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 1 << 20 } : null };
        bench.Serve("/unused", file);
        bench.Server.Answer(BlobPath, context => context.Request.Headers.Authorization == $"Bearer t{Volatile.Read(ref issued)}" ? file.ServeAsync(context) : Challenge(context));

        // An hour passes when the connection is cut.
        bench.Progress.Watch = report =>
        {
            if (report.LastFault is not null && bench.Clock.GetUtcNow().Year == 2026 && file.Requests == 1)
            {
                bench.Clock.Advance(TimeSpan.FromHours(1));
            }
        };
        VerifiedModel model = await bench.FetchAsync(Source(bench));

        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal((2, 2), (issued, file.Requests));
        Assert.NotEqual("", bench.Server.Seen.Last().Range);
    }

    [Fact]
    public async Task A_rate_limit_is_waited_out_for_as_long_as_it_asks()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        Image.Serve(bench, Repository);
        int asked = 0;
        bench.Server.Answer(ManifestPath, context =>
        {
            if (Interlocked.Increment(ref asked) > 1)
            {
                return Image.AnswerAsync(context);
            }

            context.Response.Headers.RetryAfter = "90";
            return FailAsync(context, 429, "TOOMANYREQUESTS");
        });

        await bench.FetchAsync(Source(bench));

        FetchFault fault = bench.Progress.Faults.First();
        Assert.Equal(TimeSpan.FromSeconds(90), fault.RetryIn);
        Assert.Contains("limits how often an anonymous client may pull", fault.Message, StringComparison.Ordinal);
        Assert.Contains("give credentials", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "NAME_UNKNOWN", false, ModelSourceReason.SourceNotFound, "has no repository 'acme/tiny'")]
    [InlineData(404, "MANIFEST_UNKNOWN", false, ModelSourceReason.SourceNotFound, "has no 'v1' in the repository 'acme/tiny'")]
    [InlineData(404, null, false, ModelSourceReason.SourceNotFound, "has no 'v1'")]
    [InlineData(401, "UNAUTHORIZED", false, ModelSourceReason.CredentialsMissing, "or it is private and no credentials")]
    [InlineData(401, "UNAUTHORIZED", true, ModelSourceReason.SourceUnauthorized, "refuses the credentials")]
    [InlineData(403, "DENIED", false, ModelSourceReason.CredentialsMissing, "or it is private and no credentials")]
    [InlineData(403, "DENIED", true, ModelSourceReason.SourceUnauthorized, "may not pull from it")]
    [InlineData(500, null, false, ModelSourceReason.SourceUnreachable, "500 (InternalServerError)")]
    [InlineData(400, "NAME_INVALID", false, ModelSourceReason.SourceUnreachable, "400 (BadRequest)")]
    public async Task What_a_registry_says_is_told_apart(int status, string? code, bool token, ModelSourceReason reason, string cause)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        bench.Folder.Write("secret/token", "abc");
        bench.Server.Answer(ManifestPath, context => FailAsync(context, status, code));
        ModelSourceException e = await bench.RefusedAsync(Source(bench), options: bench.Options(token ? bench.Folder["secret"] : null, attempts: 2));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("words of the registry", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, ModelSourceReason.CredentialsMissing)]
    [InlineData(403, ModelSourceReason.CredentialsMissing)]
    [InlineData(503, ModelSourceReason.SourceUnreachable)]
    [InlineData(200, ModelSourceReason.SourceUnreachable)]
    public async Task A_token_server_that_gives_no_token_is_named(int status, ModelSourceReason reason)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        Guard(bench, _ => "");
        bench.Server.Answer("/token", context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("{\"details\":\"words of the server\"}");
        });
        ModelSourceException e = await bench.RefusedAsync(Source(bench), options: bench.Options(attempts: 2));
        Assert.Equal(reason, e.Reason);
        Assert.DoesNotContain("words of the server", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_is_reached_safely_cannot_send_the_password_over_plain_http()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/username", "alice");
        bench.Folder.Write("secret/password", "sesame");
        using SocketsHttpHandler handler = Leading(bench, out List<string> hosts);
        bench.Server.Answer($"/v2/{Repository}/manifests/v1", context => Challenge(context, "Bearer realm=\"http://tokens.example/token\",service=\"x\""));
        ModelSourceException e = await bench.RefusedAsync($"oci://registry.example/{Repository}:v1", options: Through(bench, handler, bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("http://tokens.example", e.Message, StringComparison.Ordinal);
        Assert.Equal(["registry.example:443"], hosts);
    }

    [Fact]
    public async Task Docker_Hub_is_asked_where_it_answers()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        using SocketsHttpHandler handler = Leading(bench, out List<string> hosts);
        ModelImage.Docker((ModelImage.DockerGguf, Model)).Serve(bench, "ai/tiny", "latest");
        ModelImage.Docker((ModelImage.DockerGguf, Model)).Serve(bench, "library/tiny", "latest");
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync("oci://docker.io/ai/tiny", options: Through(bench, handler))).Sha256);
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync("oci://docker.io/tiny", options: Through(bench, handler))).Sha256);
        Assert.All(hosts, host => Assert.Equal("registry-1.docker.io:443", host));
    }

    [Fact]
    public async Task A_far_registry_is_asked_over_plain_http_only_when_that_is_said_and_a_digest_is_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        using SocketsHttpHandler handler = Leading(bench, out List<string> hosts);
        Image.Serve(bench, Repository, "v1");
        string source = $"oci://registry.example:5000/{Repository}:v1";
        ModelFetcherOptions options = Through(bench, handler, plain: ["registry.example:5000"]);

        ModelSourceException unproven = await bench.RefusedAsync(source, options: options);
        Assert.Equal(ModelSourceReason.InvalidConfiguration, unproven.Reason);
        Assert.Contains("name the digest", unproven.Message, StringComparison.Ordinal);
        Assert.Empty(hosts);
        Assert.Equal(Image.Digest, (await bench.FetchAsync($"{source}@{Image.Digest}", options: options)).Revision);
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(source, FetchBench.Sha256(Model), options: options)).Sha256);
    }

    [Fact]
    public async Task A_registry_that_is_down_does_not_stop_a_restart()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        Image.Serve(bench, Repository, "v1");
        await bench.FetchAsync(Source(bench));
        bench.Server.Answer(ManifestPath, 503);
        VerifiedModel model = await bench.FetchAsync(Source(bench), options: bench.Options(attempts: 2));
        Assert.Equal((true, Image.Digest), (model.Reused, model.Revision));
    }

    [Fact]
    public async Task A_manifest_that_is_not_what_its_digest_says_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        ModelImage forged = ModelImage.Docker((ModelImage.DockerGguf, GgufBuilder.Model(seed: 5).Build()));
        bench.Server.Answer($"/v2/{Repository}/manifests/{Image.Digest}", async context =>
        {
            context.Response.ContentType = forged.Type;
            await context.Response.Body.WriteAsync(forged.Manifest);
        });
        ModelSourceException e = await bench.RefusedAsync($"{Source(bench)}@{Image.Digest}");
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(Image.Digest, e.Message, StringComparison.Ordinal);
        Assert.Contains(forged.Digest, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_blob_with_other_bytes_than_its_digest_says_is_never_loaded()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        Image.Serve(bench, Repository, "v1").Fault = _ => new ServedFault { CorruptAt = 70_000 };
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Empty(bench.Published());
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"schemaVersion\":1,\"layers\":[]}")]
    [InlineData("{\"schemaVersion\":2,\"layers\":[],\"manifests\":[]}")]
    [InlineData("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"manifests\":[]}")]
    [InlineData("{\"schemaVersion\":2,\"layers\":\"none\"}")]
    public async Task What_is_no_manifest_is_named(string answer)
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        bench.Server.Answer(ManifestPath, context => context.Response.WriteAsync(answer));
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("check that the address is that of a registry", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_document_without_end_is_not_read_to_its_end()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        bench.Server.Answer(ManifestPath, context => context.Response.Body.WriteAsync(new byte[5 << 20]).AsTask());
        ModelSourceException e = await bench.RefusedAsync(Source(bench));
        Assert.Contains("more than 4194304 bytes", e.Message, StringComparison.Ordinal);
    }

    private static string ManifestPath => $"/v2/{Repository}/manifests/v1";

    private static string BlobPath => $"/v2/{Repository}/blobs/{ModelImage.DigestOf(Model)}";

    private static string Source(FetchBench bench) => $"oci://{bench.Server.Address.Authority}/{Repository}:v1";

    /// <summary>Lets in only who has the token that was issued last.</summary>
    private static void Guard(FetchBench bench, Func<string, string> issue)
    {
        string token = "";
        bench.Server.Answer("/token", context =>
        {
            token = issue(context.Request.Query["scope"].ToString());
            return context.Response.WriteAsync($"{{\"access_token\":\"{token}\",\"expires_in\":300}}");
        });
        bench.Server.Answer(ManifestPath, context => context.Request.Headers.Authorization == $"Bearer {token}" && token.Length > 0 ? Image.AnswerAsync(context) : Challenge(context));
        bench.Server.Answer(BlobPath, context => context.Request.Headers.Authorization == $"Bearer {token}" ? new ServedFile(Model).ServeAsync(context) : Challenge(context));
    }

    private static RequestDelegate Bearer(string token, RequestDelegate answer) =>
        context => context.Request.Headers.Authorization == $"Bearer {token}" ? answer(context) : Challenge(context);

    private static Task Challenge(HttpContext context, string? challenge = null)
    {
        context.Response.Headers.WWWAuthenticate = challenge
            ?? $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"registry.test\",scope=\"repository:{Repository}:pull\"";
        return FailAsync(context, 401, "UNAUTHORIZED");
    }

    private static Task FailAsync(HttpContext context, int status, string? code)
    {
        context.Response.StatusCode = status;
        return code is null
            ? Task.CompletedTask
            : context.Response.WriteAsync($"{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"words of the registry\"}}]}}", Encoding.UTF8);
    }

    /// <summary>Leads every connection to the stand-in, whatever name it is for.</summary>
    private static SocketsHttpHandler Leading(FetchBench bench, out List<string> hosts)
    {
        SocketsHttpHandler handler = StandInServer.TrustingHandler();
        var asked = new List<string>();
        hosts = asked;
        handler.ConnectCallback = async (context, token) =>
        {
            lock (asked)
            {
                asked.Add($"{context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}");
            }

            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
            await socket.ConnectAsync(bench.Server.Address.Host, bench.Server.Address.Port, token);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }

    private static ModelFetcherOptions Through(FetchBench bench, HttpMessageHandler handler, string? credentials = null, string[]? plain = null) => new()
    {
        ModelDirectory = bench.Models,
        CredentialsDirectory = credentials,
        HttpMessageHandler = handler,
        TimeProvider = bench.Clock,
        MaxAttempts = 2,
        PlainHttpRegistries = plain ?? [],
    };
}
