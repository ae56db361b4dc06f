using System.Text.Json;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Cache;

public sealed class ReuseTests
{
    private static readonly byte[] Model = GgufBuilder.Model(tensorBytes: 80_000).Build();
    private static readonly byte[] Other = GgufBuilder.Model(tensorBytes: 80_000, seed: 2).Build();

    [Fact]
    public async Task A_file_is_downloaded_once_and_hashed_each_time()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        VerifiedModel first = await bench.FetchAsync(location);
        bench.Progress.Reports.Clear();

        VerifiedModel second = await bench.FetchAsync(location);

        Assert.Equal((first.Path, first.Sha256, true, DigestOrigin.Record), (second.Path, second.Sha256, second.Reused, second.DigestOrigin));
        Assert.Equal(1, file.Requests);
        Assert.Contains(bench.Progress.Reports, report => report.Phase == FetchPhase.Verifying && report.FetchedBytes == Model.Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_flipped_bit_on_the_disk_is_found_though_size_and_time_are_as_they_were(bool withDigest)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        string? sha256 = withDigest ? FetchBench.Sha256(Model) : null;
        VerifiedModel model = await bench.FetchAsync(location, sha256);
        FlipBit(model.Path);

        VerifiedModel again = await bench.FetchAsync(location, sha256);

        Assert.Equal((FetchBench.Sha256(Model), false), (again.Sha256, again.Reused));
        Assert.Equal(Model, await File.ReadAllBytesAsync(again.Path, TestContext.Current.CancellationToken));
        Assert.Equal(2, file.Requests);
        Assert.Contains(bench.Progress.Faults, fault => fault.Reason == ModelSourceReason.DigestMismatch && fault.Message.Contains("was put aside", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_file_is_gone_even_when_its_source_is_too()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        FlipBit((await bench.FetchAsync(location)).Path);
        file.Fault = _ => new ServedFault { Status = 404 };
        Assert.Equal(ModelSourceReason.SourceNotFound, (await bench.RefusedAsync(location.AbsoluteUri)).Reason);
        Assert.Empty(bench.Published());
    }

    [Fact]
    public async Task A_file_that_was_rewritten_alike_is_used_and_its_record_renewed()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        Uri location = bench.Serve("/m.gguf", new ServedFile(Model));
        VerifiedModel model = await bench.FetchAsync(location);
        File.Delete(model.Path);
        await File.WriteAllBytesAsync(model.Path, Model, TestContext.Current.CancellationToken);
        Assert.True((await bench.FetchAsync(location)).Reused);
        using JsonDocument verdict = Verdict(bench);
        Assert.Equal(ModelStore.Files.FileIdentity.Of(model.Path).Inode, verdict.RootElement.GetProperty("inode").GetUInt64());
    }

    [Fact]
    public async Task The_record_names_what_was_verified()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        VerifiedModel model = await bench.FetchAsync(bench.Serve("/m.gguf", new ServedFile(Model)) + "?sig=SECRET");
        using JsonDocument verdict = Verdict(bench);
        JsonElement record = verdict.RootElement;
        Assert.Equal(model.Sha256, record.GetProperty("sha256").GetString());
        Assert.Equal(Model.Length, record.GetProperty("sizeBytes").GetInt64());
        Assert.Equal(new DateTimeOffset(File.GetLastWriteTimeUtc(model.Path)).ToUnixTimeMilliseconds(), record.GetProperty("modifiedNanoseconds").GetInt64() / 1_000_000);
        Assert.Equal($"{bench.Server.Address}m.gguf?…", record.GetProperty("source").GetString());
        Assert.Equal(bench.Clock.GetUtcNow(), record.GetProperty("verifiedAt").GetDateTimeOffset());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("{\"version\":1,\"source\":\"x\",\"sha256\":\"no\",\"sizeBytes\":1,\"modifiedNanoseconds\":1,\"inode\":1,\"verifiedAt\":\"2026-01-01T00:00:00Z\"}")]
    public async Task Without_a_sound_record_a_file_is_used_only_when_somebody_names_its_digest(string record)
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        await bench.FetchAsync(location);
        await File.WriteAllTextAsync(VerdictPath(bench), record, TestContext.Current.CancellationToken);
        Assert.True((await bench.FetchAsync(location, FetchBench.Sha256(Model))).Reused);
        await File.WriteAllTextAsync(VerdictPath(bench), record, TestContext.Current.CancellationToken);
        Assert.False((await bench.FetchAsync(location)).Reused);
        Assert.Equal(2, file.Requests);
    }

    [Fact]
    public async Task A_digest_that_changes_brings_the_other_file()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        await bench.FetchAsync(location, FetchBench.Sha256(Model));
        (file.Content, file.ETag) = (Other, "\"v2\"");
        Assert.Equal(FetchBench.Sha256(Other), (await bench.FetchAsync(location, FetchBench.Sha256(Other))).Sha256);

        // Whoever demands the first one finds it, though its source does not have it any more.
        Assert.Equal((FetchBench.Sha256(Model), true), (await bench.FetchAsync(location, FetchBench.Sha256(Model))) is var first ? (first.Sha256, first.Reused) : default);
    }

    [Fact]
    public async Task A_file_behind_a_digest_is_used_without_its_source()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        await bench.FetchAsync(hub.Source, options: bench.Options(hub: hub.Api.Address));
        int asked = hub.Api.Seen.Count;
        VerifiedModel model = await bench.FetchAsync(hub.Source, FetchBench.Sha256(Model), options: bench.Options(hub: hub.Api.Address));
        Assert.Equal((true, StandInHub.Commit), (model.Reused, model.Revision));
        Assert.Equal(asked, hub.Api.Seen.Count);
    }

    [Fact]
    public async Task A_branch_is_asked_for_each_time_and_a_commit_once()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        foreach ((string revision, int asked) in new[] { ("main", 2), (StandInHub.Commit, 0) })
        {
            await bench.FetchAsync(hub.Source, revision: revision, options: bench.Options(hub: hub.Api.Address));
            hub.Api.Seen.Clear();
            VerifiedModel model = await bench.FetchAsync(hub.Source, revision: revision, options: bench.Options(hub: hub.Api.Address));
            Assert.True(model.Reused);
            Assert.Equal(asked, hub.Api.Seen.Count);
        }
    }

    [Fact]
    public async Task A_branch_that_moves_brings_the_new_file_and_one_that_moves_elsewhere_does_not()
    {
        const string Second = "89abcdef0123456789abcdef0123456789abcdef";
        const string Third = "ffffffff0123456789abcdef0123456789abcdef";
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        (await bench.FetchAsync(hub.Source, options: options)).Use!.Dispose();

        hub.Install(Second);
        VerifiedModel same = await bench.FetchAsync(hub.Source, options: options);
        same.Use!.Dispose();
        Assert.Equal((true, Second), (same.Reused, same.Revision));

        hub.Install(Third);
        (hub.File.Content, hub.File.ETag) = (Other, "\"v2\"");
        VerifiedModel other = await bench.FetchAsync(hub.Source, options: options);
        Assert.Equal((false, Third, FetchBench.Sha256(Other)), (other.Reused, other.Revision, other.Sha256));
        Assert.Single(bench.Published());
    }

    [Fact]
    public async Task A_hub_that_is_down_does_not_stop_a_restart()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address, attempts: 2);
        await bench.FetchAsync(hub.Source, options: options);
        hub.Fail($"/api/models/{StandInHub.Repository}/revision/main", 503, null);
        VerifiedModel model = await bench.FetchAsync(hub.Source, options: options);
        Assert.Equal((true, StandInHub.Commit, DigestOrigin.Source), (model.Reused, model.Revision, model.DigestOrigin));
    }

    [Fact]
    public async Task A_repository_that_is_closed_meanwhile_is_not_served_from_the_disk()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        await using StandInHub hub = await StandInHub.StartAsync(Model);
        ModelFetcherOptions options = bench.Options(hub: hub.Api.Address);
        await bench.FetchAsync(hub.Source, options: options);
        hub.Fail($"/api/models/{StandInHub.Repository}/revision/main", 401, "GatedRepo");
        Assert.Equal(ModelSourceReason.CredentialsMissing, (await bench.RefusedAsync(hub.Source, options: options)).Reason);
    }

    [Fact]
    public async Task A_process_that_died_between_record_and_rename_left_nothing_in_the_way()
    {
        await using FetchBench bench = await FetchBench.StartAsync();
        var file = new ServedFile(Model);
        Uri location = bench.Serve("/m.gguf", file);
        VerifiedModel model = await bench.FetchAsync(location);
        File.Move(model.Path, Path.Join(Path.GetDirectoryName(model.Path), "partial"));
        Assert.Equal(FetchBench.Sha256(Model), (await bench.FetchAsync(location)).Sha256);
    }

    private static void FlipBit(string path)
    {
        DateTime time = File.GetLastWriteTimeUtc(path);
        using (FileStream stream = File.Open(path, FileMode.Open, FileAccess.ReadWrite))
        {
            stream.Position = 50_000;
            int value = stream.ReadByte();
            stream.Position = 50_000;
            stream.WriteByte((byte)(value ^ 1));
        }

        File.SetLastWriteTimeUtc(path, time);
    }

    private static string VerdictPath(FetchBench bench) => Directory.GetFiles(bench.Models, "verdict.json", SearchOption.AllDirectories).Single();

    private static JsonDocument Verdict(FetchBench bench) => JsonDocument.Parse(File.ReadAllBytes(VerdictPath(bench)));
}
