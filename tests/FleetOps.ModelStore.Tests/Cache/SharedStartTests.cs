using FleetOps.ModelStore.Files;
using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

/// <summary>Replicas that find a model on their volume do not wait for each other.</summary>
public sealed class SharedStartTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 80_000).Build();

    [Fact]
    public async Task A_model_is_verified_while_others_verify_it()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/m.gguf", new ServedFile(Model));
        VerifiedModel first = await bench.FetchAsync(location);
        ModelFetcherOptions options = bench.Options(time: TimeProvider.System);
        using FetchLock other = await FetchLock.ShareAsync(LockOf(first), options, static () => Assert.Fail(), TestContext.Current.CancellationToken);

        using var fetcher = new ModelFetcher(options);
        VerifiedModel second = await fetcher.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)), null, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Assert.True(second.Reused);
    }

    [Fact]
    public async Task Nobody_fetches_while_a_model_is_verified()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", new ServedFile(Model)));
        using FetchLock other = await FetchLock.ShareAsync(LockOf(model), bench.Options(), static () => Assert.Fail(), TestContext.Current.CancellationToken);
        Assert.Null(FetchLock.TryAcquire(LockOf(model)));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_record_that_is_trusted_spares_the_hash_only_while_size_time_and_inode_are_those_of_the_record(bool touched, bool trusted)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/m.gguf", new ServedFile(Model));
        VerifiedModel model = await bench.FetchAsync(location);

        // A time that .NET can set again to the nanosecond; the record is renewed by the next fetch.
        var time = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(model.Path, time);
        await bench.FetchAsync(location);
        byte[] damaged = [.. Model];
        damaged[50_000] ^= 1;
        await using (FileStream stream = File.Open(model.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Write(damaged);
        }

        File.SetLastWriteTimeUtc(model.Path, touched ? time.AddSeconds(1) : time);
        VerifiedModel again = await bench.FetchAsync(new FetchRequest(ModelSource.Parse(location.AbsoluteUri)), bench.Options() with { TrustsVerdicts = true });
        Assert.Equal((trusted, FetchBench.Sha256(Model)), (again.Reused, again.Sha256));
    }

    private static string LockOf(VerifiedModel model) => Path.Join(Path.GetDirectoryName(model.Path), "lock");
}
