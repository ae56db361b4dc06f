using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Http;

public sealed class FaultTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 50_000).Build();

    [Theory]
    [InlineData(404, ModelSourceReason.SourceNotFound, "no such file")]
    [InlineData(410, ModelSourceReason.SourceNotFound, "no such file")]
    [InlineData(401, ModelSourceReason.CredentialsMissing, "no credentials were given")]
    [InlineData(403, ModelSourceReason.SourceUnauthorized, "an anonymous client")]
    [InlineData(451, ModelSourceReason.SourceUnauthorized, "may not read it")]
    [InlineData(400, ModelSourceReason.SourceUnreachable, "400 (BadRequest)")]
    [InlineData(204, ModelSourceReason.SourceUnreachable, "204 (NoContent)")]
    public async Task A_status_that_will_not_pass_ends_the_fetch_at_once(int status, ModelSourceReason reason, string cause)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync(bench.Server.Answer("/m.gguf", status).AbsoluteUri);
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.Contains(bench.Server.Address.Authority + "/m.gguf", e.Message, StringComparison.Ordinal);
        Assert.Single(bench.Server.Seen);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Credentials_that_are_refused_are_told_from_missing_ones(int status)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        bench.Folder.Write("secret/token", "t0ken");
        ModelSourceException e = await bench.RefusedAsync(bench.Server.Answer("/m.gguf", status).AbsoluteUri, options: bench.Options(bench.Folder["secret"]));
        Assert.Equal(ModelSourceReason.SourceUnauthorized, e.Reason);
        Assert.Contains("credentials", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_status_that_may_pass_is_tried_again(int status)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request <= 3 ? new ServedFault { Status = status } : null };
        Assert.Equal(Model.Length, (await bench.FetchAsync(bench.Serve("/m.gguf", file))).SizeBytes);
        Assert.Equal(4, file.Requests);
        Assert.Equal([1, 2, 3], bench.Progress.Faults.Select(fault => fault.Attempt));
        Assert.All(bench.Progress.Faults, fault => Assert.Equal(ModelSourceReason.SourceUnreachable, fault.Reason));
    }

    [Fact]
    public async Task Attempts_run_out()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = _ => new ServedFault { Status = 503 } };
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", file).AbsoluteUri, options: bench.Options(attempts: 4));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("503 (ServiceUnavailable)", e.Message, StringComparison.Ordinal);
        Assert.Contains("after 4 attempts", e.Message, StringComparison.Ordinal);
        Assert.Equal(4, file.Requests);
    }

    [Fact]
    public async Task Pauses_double_up_to_their_bound()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await bench.RefusedAsync(bench.Server.Answer("/m.gguf", 500).AbsoluteUri, options: bench.Options(attempts: 12));
        int[] seconds = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60];
        Assert.Equal(seconds.Length, bench.Progress.Faults.Count);
        Assert.All(bench.Progress.Faults.Zip(seconds), pair => Assert.InRange(pair.First.RetryIn.TotalSeconds, pair.Second / 2.0, pair.Second));
    }

    [Fact]
    public async Task Retry_After_is_waited_for()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { Status = 429, RetryAfter = "123" } : null };
        DateTimeOffset start = bench.Clock.GetUtcNow();
        await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal(TimeSpan.FromSeconds(123), Assert.Single(bench.Progress.Faults).RetryIn);
        Assert.Equal(TimeSpan.FromSeconds(123), bench.Clock.GetUtcNow() - start);
    }

    [Fact]
    public async Task Retry_After_may_be_a_date()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string date = bench.Clock.GetUtcNow().AddSeconds(90).ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { Status = 503, RetryAfter = date } : null };
        await bench.FetchAsync(bench.Serve("/m.gguf", file));
        Assert.Equal(TimeSpan.FromSeconds(90), Assert.Single(bench.Progress.Faults).RetryIn);
    }

    [Fact]
    public async Task A_source_that_asks_for_too_long_a_pause_counts_as_unreachable()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = _ => new ServedFault { Status = 429, RetryAfter = "86400" } };
        ModelSourceException e = await bench.RefusedAsync(bench.Serve("/m.gguf", file).AbsoluteUri);
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("1.00:00:00", e.Message, StringComparison.Ordinal);
        Assert.Equal(1, file.Requests);
    }

    [Fact]
    public async Task A_closed_port_is_tried_again_and_then_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri gone;
        await using (StandInServer other = await StandInServer.StartAsync())
        {
            gone = other.At("/m.gguf?sig=SECRET");
        }

        ModelSourceException e = await bench.RefusedAsync(gone.AbsoluteUri, options: bench.Options(attempts: 3));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains($"{gone.Authority} cannot be reached", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", e.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, bench.Progress.Faults.Count);
    }

    [Fact]
    public async Task A_host_without_an_address_is_named()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync("https://no-such-host.invalid/m.gguf", options: bench.Options(attempts: 2));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("no-such-host.invalid", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_ends_the_fetch_at_once()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/m.gguf", new ServedFile(Model));
        using var fetcher = new ModelFetcher(new ModelFetcherOptions { ModelDirectory = bench.Models, TimeProvider = bench.Clock });
        ModelSourceException e = await Assert.ThrowsAnyAsync<ModelSourceException>(
            () => fetcher.FetchAsync(new FetchRequest(ModelStore.Sources.ModelSource.Parse(location.AbsoluteUri)), bench.Progress, TestContext.Current.CancellationToken));
        Assert.Equal(ModelSourceReason.SourceUnreachable, e.Reason);
        Assert.Contains("TLS certificate", e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Progress.Faults);
    }

    [Fact]
    public async Task A_download_that_stalls_is_cut_and_goes_on_from_there()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 20_000, Stall = true } : null };
        bench.Progress.Watch = report =>
        {
            if (file.Requests == 1 && report.FetchedBytes == 20_000)
            {
                bench.Clock.Advance(TimeSpan.FromSeconds(60));
            }
        };
        await bench.FetchAsync(bench.Serve("/m.gguf", file), FetchBench.Sha256(Model));
        Assert.Contains("sent nothing for 60 s", Assert.Single(bench.Progress.Faults).Message, StringComparison.Ordinal);
        Assert.Equal("bytes=20000-", bench.Server.Seen.Last().Range);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_tried_again()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        int requests = 0;
        Uri location = bench.Server.Answer("/m.gguf", context =>
        {
            if (Interlocked.Increment(ref requests) > 1)
            {
                return file.ServeAsync(context);
            }

            bench.Clock.Advance(TimeSpan.FromSeconds(60));
            return Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await bench.FetchAsync(location);
        Assert.Contains("did not answer within 60 s", Assert.Single(bench.Progress.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_compressed_unasked_is_refused()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Server.Answer("/m.gguf", context =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            return context.Response.Body.WriteAsync(new byte[100]).AsTask();
        });
        Assert.Contains("compressed (gzip)", (await bench.RefusedAsync(location.AbsoluteUri)).Message, StringComparison.Ordinal);
    }
}
