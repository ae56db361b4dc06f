using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

public sealed class RedirectTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 50_000).Build();

    [Fact]
    public async Task A_token_does_not_leave_the_host_it_is_meant_for()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer storage = await StandInServer.StartAsync();
        bench.Folder.Write("secret/token", "t0ken\n");
        Uri final = storage.Serve("/blob", new ServedFile(Model));
        Uri home = bench.Server.Redirect("/home", final);
        Uri location = bench.Server.Redirect("/m.gguf", home, status: 307);

        await bench.FetchAsync(location.AbsoluteUri, options: bench.Options(bench.Folder["secret"]));

        Assert.Equal([("/m.gguf", "Bearer t0ken"), ("/home", "Bearer t0ken")], bench.Server.Seen.Select(request => (request.Path, request.Authorization)));
        Assert.Equal(("/blob", ""), (Assert.Single(storage.Seen).Path, storage.Seen.Single().Authorization));
    }

    [Fact]
    public async Task Another_port_is_another_host()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer other = await StandInServer.StartAsync();
        bench.Folder.Write("secret/username", "me");
        bench.Folder.Write("secret/password", "p:w");
        Uri back = bench.Serve("/back", new ServedFile(Model));
        Uri away = other.Redirect("/away", back);

        await bench.FetchAsync(bench.Server.Redirect("/m.gguf", away).AbsoluteUri, options: bench.Options(bench.Folder["secret"]));

        string basic = "Basic " + Convert.ToBase64String("me:p:w"u8);
        Assert.Equal("", Assert.Single(other.Seen).Authorization);
        Assert.Equal([("/m.gguf", basic), ("/back", basic)], bench.Server.Seen.Select(request => (request.Path, request.Authorization)));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Every_kind_of_redirect_is_followed(int status)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Server.Redirect("/m.gguf", bench.Serve("/blob", new ServedFile(Model)), status);
        Assert.Equal(Model.Length, (await bench.FetchAsync(location)).SizeBytes);
    }

    [Fact]
    public async Task A_redirect_to_plain_http_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer plain = await StandInServer.StartAsync(tls: false);
        Uri location = bench.Server.Redirect("/m.gguf", plain.Serve("/blob", new ServedFile(Model)));
        ModelSourceException e = await bench.RefusedAsync(location.AbsoluteUri, FetchBench.Sha256(Model));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("unencrypted", e.Message, StringComparison.Ordinal);
        Assert.Empty(plain.Seen);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Server.At("/m.gguf");
        bench.Server.Redirect("/m.gguf", location);
        ModelSourceException e = await bench.RefusedAsync(location.AbsoluteUri);
        Assert.Contains("more than 10 times", e.Message, StringComparison.Ordinal);
        Assert.Equal(11, bench.Server.Seen.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ftp://example.org/m.gguf")]
    public async Task A_redirect_to_nowhere_is_named(string target)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Server.Answer("/m.gguf", context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = target;
            return Task.CompletedTask;
        });
        Assert.Contains("redirects to nowhere", (await bench.RefusedAsync(location.AbsoluteUri)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_that_ran_out_is_renewed_by_asking_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInServer storage = await StandInServer.StartAsync();
        var file = new ServedFile(Model)
        {
            Received = bench.Progress.ReachedAsync,
            Fault = request => request switch { 1 => new ServedFault { CutAfter = 20_000 }, 2 => new ServedFault { Status = 403 }, _ => null },
        };
        Uri location = bench.Server.Redirect("/m.gguf", storage.Serve("/blob", file));
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(location)).Sha256);
        Assert.Equal(3, bench.Server.Seen.Count);
        Assert.Equal("bytes=20000-", storage.Seen.Last().Range);
        Assert.Contains(bench.Progress.Faults, fault => fault.Message.Contains("signature", StringComparison.Ordinal));
    }
}
