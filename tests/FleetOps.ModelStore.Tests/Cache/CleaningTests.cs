using FleetOps.ModelStore.Sources;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

/// <summary>Keeping the model directory below a size, and what other processes do meanwhile, dying included.</summary>
public sealed class CleaningTests
{
    private const string SourceVariable = "FLEETOPS_TEST_CLEANING_SOURCE";
    private const string FolderVariable = "FLEETOPS_TEST_CLEANING_MODELS";
    private const int TensorBytes = 100_000;
    private const long RoomForTwo = 250_000;
    private static readonly byte[] Model = GgufBuilder.Model(TensorBytes).Build();

    [Fact]
    public async Task What_was_not_used_for_the_longest_time_is_removed_when_another_model_comes()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        string a = await FetchAndLeaveAsync(bench, "a");
        string b = await FetchAndLeaveAsync(bench, "b");
        a = await FetchAndLeaveAsync(bench, "a");
        string c = await FetchAndLeaveAsync(bench, "c");

        Assert.Equal([true, false, true], new[] { a, b, c }.Select(File.Exists));
        Assert.True(TotalBytes(bench) <= RoomForTwo);

        // What was removed is fetched again when it is asked for.
        Assert.True(File.Exists(await FetchAndLeaveAsync(bench, "b")));
    }

    [Fact]
    public async Task What_is_in_use_is_never_removed()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel a = await FetchAsync(bench, "a");
        VerifiedModel b = await FetchAsync(bench, "b");
        using (a.Use)
        {
            using (b.Use)
            {
                string c = await FetchAndLeaveAsync(bench, "c");
                Assert.All([a.Path, b.Path, c], path => Assert.True(File.Exists(path)));
            }

            string d = await FetchAndLeaveAsync(bench, "d");
            Assert.Equal([true, false, true], new[] { a.Path, b.Path, d }.Select(File.Exists));
        }
    }

    [Fact]
    public async Task What_was_used_until_now_is_younger_than_what_was_fetched_meanwhile()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel a = await FetchAsync(bench, "a");
        string b = await FetchAndLeaveAsync(bench, "b");
        bench.Clock.Advance(TimeSpan.FromMinutes(5));
        a.Use!.Dispose();
        string c = await FetchAndLeaveAsync(bench, "c");
        Assert.Equal([true, false, true], new[] { a.Path, b, c }.Select(File.Exists));
    }

    [Fact]
    public async Task What_was_used_by_a_process_that_was_killed_counts_as_used_until_its_last_hour()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel a = await FetchAsync(bench, "a");
        bench.Clock.Advance(TimeSpan.FromDays(30));
        DateTime used = File.GetLastWriteTimeUtc(Path.Join(Path.GetDirectoryName(a.Path), "lock"));
        Assert.InRange(bench.Clock.GetUtcNow().UtcDateTime - used, TimeSpan.Zero, TimeSpan.FromHours(1));
        a.Use!.Dispose();
    }

    [Fact]
    public async Task What_two_workers_use_stays_until_both_have_ended()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel first = await FetchAsync(bench, "a");
        VerifiedModel second = await FetchAsync(bench, "a");
        Assert.True(second.Reused);
        first.Use!.Dispose();
        await FetchAndLeaveAsync(bench, "b", limit: 1);
        Assert.True(File.Exists(second.Path));
        second.Use!.Dispose();
        await FetchAndLeaveAsync(bench, "c", limit: 1);
        Assert.False(File.Exists(second.Path));
    }

    [Fact]
    public async Task Downloads_that_nobody_goes_on_with_are_removed_and_foreign_files_are_not()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var cut = new ServedFile(Model) { Fault = _ => new ServedFault { Status = 404 } };
        await bench.RefusedAsync(bench.Serve("/cut.gguf", cut).AbsoluteUri);
        string folder = Directory.GetDirectories(bench.Models).Single();
        File.WriteAllBytes(Path.Join(folder, "partial"), Model);
        string foreign = bench.Folder.Write("models/mine/notes.txt", Model);

        await FetchAndLeaveAsync(bench, "a", limit: 1);

        Assert.False(File.Exists(Path.Join(folder, "partial")));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task A_download_with_the_wrong_digest_is_put_aside_until_the_next_attempt()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri source = bench.Serve("/m.gguf", new ServedFile(GgufBuilder.Model(TensorBytes, seed: 2).Build()));
        ModelSourceException e = await bench.RefusedAsync(source.AbsoluteUri, FetchBench.Sha256(Model));

        string aside = Directory.GetFiles(bench.Models, "quarantined", SearchOption.AllDirectories).Single();
        Assert.Equal(ModelSourceReason.DigestMismatch, e.Reason);
        Assert.Contains(aside, e.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Published());

        bench.Serve("/m.gguf", new ServedFile(Model));
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(source, FetchBench.Sha256(Model))).Sha256);
        Assert.False(File.Exists(aside));
    }

    [Fact]
    public async Task A_user_that_is_killed_uses_nothing_any_more()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        using ChildTest child = StartChild(bench.Server.Serve("/child.gguf", new ServedFile(Model)), bench);
        string? used = null;
        await child.UntilAsync(() => (used = PathOfChild(bench)) is not null);

        await FetchAndLeaveAsync(bench, "a", limit: 1);
        Assert.True(File.Exists(used), "A model that another process uses was removed.");
        await child.KillAsync();
        await FetchAndLeaveAsync(bench, "b", limit: 1);

        Assert.False(File.Exists(used));
    }

    [Fact]
    public async Task A_fetcher_that_is_killed_leaves_its_lock_to_whoever_waits()
    {
        await using FetchBench bench = await FetchBench.StartAsync(tls: false);
        var file = new ServedFile(Model) { Fault = request => request == 1 ? new ServedFault { CutAfter = 50_000, Stall = true } : null };
        Uri source = bench.Server.Serve("/stalled.gguf", file);
        using ChildTest child = StartChild(source, bench);
        await child.UntilAsync(() => file.Requests > 0);

        var waits = new TaskCompletionSource();
        bench.Progress.Watch = report =>
        {
            if (report.Phase == FetchPhase.Waiting)
            {
                waits.TrySetResult();
            }
        };
        Task<VerifiedModel> second = bench.FetchAsync(source.AbsoluteUri, FetchBench.Sha256(Model), options: bench.Options(time: TimeProvider.System));
        await Task.WhenAny(waits.Task, second);
        await child.KillAsync();
        Assert.True(waits.Task.IsCompleted, "The second fetch did not wait for the first.");

        Assert.Equal(FetchBench.Sha256(Model), (await second).Sha256);
    }

    [Fact(Explicit = true)]
    public async Task Child()
    {
        string? source = Environment.GetEnvironmentVariable(SourceVariable);
        Assert.SkipWhen(source is null, "Runs only as the child of the tests above.");
        using var fetcher = new ModelFetcher(new ModelFetcherOptions { ModelDirectory = Environment.GetEnvironmentVariable(FolderVariable)! });
        VerifiedModel model = await fetcher.FetchAsync(
            new FetchRequest(ModelSource.Parse(source)) { Sha256 = FetchBench.Sha256(Model) }, null, TestContext.Current.CancellationToken);
        using (model.Use)
        {
            await File.WriteAllTextAsync(PathFile(Environment.GetEnvironmentVariable(FolderVariable)!), model.Path, TestContext.Current.CancellationToken);

            // It is killed long before; when the test that started it fails, it must not stay for ever.
            await Task.Delay(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        }
    }

    private static string PathFile(string models) => models + ".child";

    private static ChildTest StartChild(Uri source, FetchBench bench) => new(
        $"{typeof(CleaningTests).FullName}.{nameof(Child)}", (SourceVariable, source.AbsoluteUri), (FolderVariable, bench.Models));

    // Where the child's model is, once it has written all of that.
    private static string? PathOfChild(FetchBench bench) =>
        File.Exists(PathFile(bench.Models)) && File.ReadAllText(PathFile(bench.Models)) is { } path && path.EndsWith(".gguf", StringComparison.Ordinal) ? path : null;

    private static async Task<VerifiedModel> FetchAsync(FetchBench bench, string name, long limit = RoomForTwo)
    {
        // Each fetch is later than the one before.
        bench.Clock.Advance(TimeSpan.FromMinutes(1));
        using var fetcher = new ModelFetcher(new ModelFetcherOptions
        {
            ModelDirectory = bench.Models,
            HttpMessageHandler = bench.Options().HttpMessageHandler,
            TimeProvider = bench.Clock,
            MaxCacheBytes = limit,
        });
        byte[] model = GgufBuilder.Model(TensorBytes, seed: name[0]).Build();
        return await fetcher.FetchAsync(
            new FetchRequest(ModelSource.Parse(bench.Server.Serve($"/{name}.gguf", new ServedFile(model)).AbsoluteUri)) { Sha256 = FetchBench.Sha256(model) },
            null,
            TestContext.Current.CancellationToken);
    }

    private static async Task<string> FetchAndLeaveAsync(FetchBench bench, string name, long limit = RoomForTwo)
    {
        VerifiedModel model = await FetchAsync(bench, name, limit);
        model.Use!.Dispose();
        return model.Path;
    }

    private static long TotalBytes(FetchBench bench) => Directory.GetFiles(bench.Models, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
}
