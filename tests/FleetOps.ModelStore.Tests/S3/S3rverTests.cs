using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.S3;

/// <summary>Fetches from a server that this project did not write.</summary>
public sealed class S3rverTests(S3rver server) : IClassFixture<S3rver>
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 200_000).Build();

    [Theory]
    [InlineData("m.gguf")]
    [InlineData("a b/ü+1=2&c%20d/m.gguf")]
    public async Task An_object_is_fetched_with_a_key(string key)
    {
        await server.PutAsync(key, Model);
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel model = await bench.FetchAsync($"s3://{S3rver.Bucket}/{key}", options: bench.Options(s3: server.Options()));
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
        Assert.Equal(DigestOrigin.Computed, model.DigestOrigin);
        Assert.False(model.Reused);
        Assert.True((await bench.FetchAsync($"s3://{S3rver.Bucket}/{key}", options: bench.Options(s3: server.Options()))).Reused);
    }

    [Fact]
    public async Task An_object_is_fetched_without_a_signature_where_there_is_no_key()
    {
        await server.PutAsync("public.gguf", Model);
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel model = await bench.FetchAsync($"s3://{S3rver.Bucket}/public.gguf", options: bench.Options(s3: server.Options(key: null)));
        Assert.Equal(FetchBench.Sha256(Model), model.Sha256);
    }

    [Fact]
    public async Task An_object_that_is_replaced_is_fetched_anew()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        foreach (byte[] content in new[] { Model, GgufBuilder.Model(tensorBytes: 200_000, seed: 2).Build() })
        {
            await server.PutAsync("replaced.gguf", content);
            VerifiedModel model = await bench.FetchAsync($"s3://{S3rver.Bucket}/replaced.gguf", options: bench.Options(s3: server.Options()));
            Assert.Equal((FetchBench.Sha256(content), false), (model.Sha256, model.Reused));
        }
    }

    [Theory]
    [InlineData("models/none.gguf", ModelSourceReason.SourceNotFound, "no object 'none.gguf'")]
    [InlineData("nowhere/m.gguf", ModelSourceReason.SourceNotFound, "bucket nowhere does not exist")]
    public async Task What_is_missing_is_named(string place, ModelSourceReason reason, string cause)
    {
        await server.PutAsync("m.gguf", Model);
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync($"s3://{place}", options: bench.Options(s3: server.Options()));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_the_server_does_not_know_is_refused_and_not_repeated()
    {
        await server.PutAsync("m.gguf", Model);
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync($"s3://{S3rver.Bucket}/m.gguf", options: bench.Options(s3: server.Options("UNKNOWNKEY")));
        Assert.Equal(ModelSourceReason.SourceUnauthorized, e.Reason);
        Assert.Contains("does not know the access key", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("UNKNOWNKEY", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_digest_that_differs_is_refused_and_nothing_stays()
    {
        await server.PutAsync("m.gguf", Model);
        await using FetchBench bench = await FetchBench.StartAsync();
        ModelSourceException e = await bench.RefusedAsync($"s3://{S3rver.Bucket}/m.gguf", new string('0', 64), options: bench.Options(s3: server.Options()));
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Empty(bench.Published());
    }
}
