using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Memory;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Sources;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Memory;

/// <summary>The memory of a model is known and checked before it is downloaded.</summary>
public sealed class MemoryAdmissionTests : IDisposable
{
    private const string FirstMegabyte = "bytes=0-1048575";

    private static readonly LlamaShape SeveralMegabytes = new(256, Layers: 6, Heads: 4, KeyValueHeads: 2, FeedForward: 512);

    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-admission-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_memory_is_told_after_the_first_megabyte_and_measured_once_it_is_loaded()
    {
        var download = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = await RangeSource.StartAsync(Model(), download: download.Task);
        await using var worker = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source));

        await Until.HoldsAsync(() => Task.FromResult(worker.State.Memory is not null && source.Ranges.Count == 2), "the memory is told and the download has begun");
        var state = JsonDocument.Parse(await worker.Http.GetStringAsync("/state", Cancellation)).RootElement;
        var memory = state.GetProperty("memory");
        Assert.Equal(("Fetching", false, 0), (state.GetProperty("phase").GetString(), memory.GetProperty("measured").GetBoolean(), memory.GetProperty("gpuBytes").GetInt64()));
        Assert.Equal([FirstMegabyte, ""], source.Ranges);
        // Keys and values of 6 layers, 128 wide, in two bytes each, for 4 sequences of 512 tokens.
        Assert.Equal(4 * 512 * 6 * 128 * 2 * 2, memory.GetProperty("kvCacheBytes").GetInt64());
        Assert.Equal("CPU", Assert.Single(memory.GetProperty("devices").EnumerateArray()).GetProperty("name").GetString());

        download.SetResult();
        Assert.Equal(WorkerPhase.Serving, await worker.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, Cancellation));
        Assert.True(worker.State.Memory!.Measured);
        Assert.Equal(memory.GetProperty("kvCacheBytes").GetInt64(), worker.State.Memory.KvCacheBytes);
    }

    [Fact]
    public async Task A_model_that_cannot_fit_is_not_downloaded()
    {
        await using var source = await RangeSource.StartAsync(Model());
        await using var worker = await WorkerProcess.RunAsync(WorkerProcess.ServeArguments(
            source.Address, "--sha256", source.Sha256, "--model-dir", _folder, "--memory-limit", "4Mi", "--termination-log", Path.Combine(_folder, "log")));

        Assert.Equal(71, worker.ExitCode);
        var log = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_folder, "log"), Cancellation)).RootElement;
        Assert.Equal("OutOfMemory", log.GetProperty("reason").GetString());
        var message = log.GetProperty("message").GetString();
        Assert.Contains("The model needs ", message, StringComparison.Ordinal);
        Assert.Contains($"KV cache {8 * 512 * 6 * 128 * 2 * 2} bytes", message, StringComparison.Ordinal);
        Assert.Contains("the limit is 4194304 bytes", message, StringComparison.Ordinal);
        Assert.Contains("Nothing was downloaded", message, StringComparison.Ordinal);
        Assert.Equal([FirstMegabyte], source.Ranges);
    }

    [Fact]
    public async Task A_doubtful_model_is_tried_when_that_is_asked_for()
    {
        await using var source = await RangeSource.StartAsync(Model());
        await using var worker = await InProcessWorker.StartAsync(
            ModelSource.Parse(source.Address), options => Remote(options, source) with { MemoryLimit = 1 << 20, FitCheck = FitCheck.Warn });

        Assert.Equal(WorkerPhase.Serving, await worker.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, Cancellation));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task A_server_without_ranges_is_no_obstacle(bool check, int requests)
    {
        await using var source = await RangeSource.StartAsync(Model(), knowsRanges: false);
        await using var worker = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source) with { FitCheck = check ? FitCheck.Refuse : FitCheck.Off });

        Assert.Equal(WorkerPhase.Serving, await worker.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, Cancellation));
        Assert.Equal(requests, source.Ranges.Count);
    }

    [Fact]
    public async Task A_header_longer_than_a_megabyte_is_read_to_its_end()
    {
        // Each of these tokens takes more than 20 bytes of the header.
        await using var source = await RangeSource.StartAsync(Model(SeveralMegabytes with { Embedding = 64, Heads = 2, KeyValueHeads = 1, PlainTokens = 60_000 }));
        var fetching = new ModelFetcherOptions { ModelDirectory = _folder };

        var (local, remote) = await HeadSource.ReadAsync(fetching, new FetchRequest(ModelSource.Parse(source.Address)) { Sha256 = source.Sha256 }, Cancellation);

        Assert.Null(local);
        Assert.InRange(remote!.Header.DataOffset, 1 << 20, 4 << 20);
        Assert.Equal(remote.Header.DataOffset, Assert.Single(remote.Files).Bytes.Length);
        Assert.Equal([FirstMegabyte, "bytes=1048576-2097151"], source.Ranges.Take(2));
    }

    [Fact]
    public async Task The_memory_of_a_split_model_is_told_after_the_heads_of_its_files()
    {
        var download = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var source = await RangeSource.StartAsync(ModelFiles.Split[0], download: download.Task);
        await using var worker = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source));
        await Until.HoldsAsync(() => Task.FromResult(worker.State.Memory is not null && source.Ranges.Count == 4), "the memory is told and the download has begun");
        Assert.Equal([FirstMegabyte, FirstMegabyte, FirstMegabyte, ""], source.Ranges);
        var estimate = worker.State.Memory!;

        download.SetResult();
        Assert.Equal(WorkerPhase.Serving, await worker.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, Cancellation));
        var taken = worker.State.Memory!;
        Assert.Equal((false, true), (estimate.Measured, taken.Measured));
        Assert.Equal((taken.KvCacheBytes, taken.ComputeBytes), (estimate.KvCacheBytes, estimate.ComputeBytes));
        Assert.InRange(estimate.WeightsBytes, taken.WeightsBytes * 0.95, taken.WeightsBytes * 1.05);
    }

    [Fact]
    public async Task A_damaged_header_is_left_to_the_download()
    {
        var path = Path.Combine(_folder, "page.gguf");
        await File.WriteAllTextAsync(path, new string('x', 5000), Cancellation);
        await using var source = await RangeSource.StartAsync(path);
        await using var worker = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source));

        Assert.Equal(65, await worker.Completion);
        Assert.Equal("InvalidGguf", worker.State.Describe(0, 0).Reason);
    }

    [Fact]
    public async Task A_file_in_place_that_cannot_fit_is_not_loaded()
    {
        await using var worker = await WorkerProcess.RunAsync(WorkerProcess.ServeArguments(
            $"file://{Model()}", "--memory-limit", "4Mi", "--termination-log", Path.Combine(_folder, "log")));

        Assert.Equal(71, worker.ExitCode);
        var log = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(_folder, "log"), Cancellation)).RootElement;
        Assert.Equal("OutOfMemory", log.GetProperty("reason").GetString());
        Assert.Contains("the limit is 4194304 bytes", log.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("It was not loaded", log.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_model_is_looked_at_before_it_is_loaded_again()
    {
        await using var source = await RangeSource.StartAsync(Model());
        await using (var first = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source)))
        {
            Assert.Equal(WorkerPhase.Serving, await first.State.WaitForAsync(phase => phase >= WorkerPhase.Serving, Cancellation));
            Assert.Equal("Request", first.State.Model!.DigestOrigin);
        }

        await using var second = await InProcessWorker.StartAsync(ModelSource.Parse(source.Address), options => Remote(options, source) with { MemoryLimit = 1 << 20 });
        Assert.Equal(71, await second.Completion);
        Assert.Contains("It was not loaded", second.State.Describe(0, 0).Message, StringComparison.Ordinal);
        Assert.False(second.State.Memory!.Measured);
    }

    [Fact]
    public async Task What_an_estimate_left_behind_that_was_killed_is_removed_by_a_later_one()
    {
        var head = new FileHead("m.gguf", new byte[8], GgufHeader.Read(Model()));
        var old = Directory.CreateDirectory(Path.Combine(_folder, "estimate-0123")).FullName;
        await File.WriteAllTextAsync(Path.Combine(old, "m.gguf"), "x", Cancellation);
        Directory.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        using var running = SparseModel.Write(_folder, [head]);
        using var next = SparseModel.Write(_folder, [head]);
        Assert.False(Directory.Exists(old));
        Assert.True(File.Exists(running.Path));
    }

    [Fact]
    public async Task A_file_in_place_is_loaded_without_an_estimate_where_none_is_asked_for()
    {
        await using var worker = await InProcessWorker.ServeAsync(Model(), options => options with { MemoryLimit = 1, FitCheck = FitCheck.Off });

        // Nobody said what its digest has to be, so it is described and not verified.
        Assert.Equal("Computed", worker.State.Model!.DigestOrigin);

        Assert.True(worker.State.Memory!.Measured);
        Assert.NotNull(await worker.TokenizeAsync(new TokenizeRequest { Text = "a" }));
    }

    [Fact]
    public async Task The_command_estimate_prints_what_a_remote_model_will_take()
    {
        await using var source = await RangeSource.StartAsync(Model());
        var native = NativeTools.Libraries(out var reason);
        Assert.SkipWhen(native is null, reason);
        string[] arguments = ["estimate", source.Address, "--sha256", source.Sha256, "--native", native!, "--backend", "Cpu", "--context-length", "1024", "--max-sequences", "2"];

        await using var json = await WorkerProcess.RunAsync([.. arguments, "--json"]);
        Assert.Equal((0, ""), (json.ExitCode, json.Errors));
        var document = JsonDocument.Parse(json.Output).RootElement;
        Assert.Equal(("llama", 1024, 2), (document.GetProperty("architecture").GetString(), document.GetProperty("contextLength").GetInt32(), document.GetProperty("maxSequences").GetInt32()));
        Assert.Equal(2 * 1024 * 6 * 128 * 2 * 2, document.GetProperty("memory").GetProperty("kvCacheBytes").GetInt64());

        await using var text = await WorkerProcess.RunAsync([.. arguments, "--memory-limit", "1Mi"]);
        Assert.Equal(0, text.ExitCode);
        Assert.Matches(@"CPU +\d+ +6291456 +\d+ +\d+ +1048576", text.Output);
        Assert.Contains("Raise the memory limit", text.Output, StringComparison.Ordinal);
        Assert.Equal([FirstMegabyte, FirstMegabyte], source.Ranges);
    }

    [Fact]
    public async Task The_command_estimate_takes_a_path_too()
    {
        var native = NativeTools.Libraries(out var reason);
        Assert.SkipWhen(native is null, reason);
        await using var text = await WorkerProcess.RunAsync(["estimate", ModelFiles.Successor, "--native", native!, "--backend", "Cpu", "--memory-limit", "64Gi"]);

        Assert.Equal((0, ""), (text.ExitCode, text.Errors));
        Assert.Contains("KV cache", text.Output, StringComparison.Ordinal);
        Assert.Contains("Nothing is known against serving it here.", text.Output, StringComparison.Ordinal);
    }

    private ServeOptions Remote(ServeOptions options, RangeSource source) => options with
    {
        Model = options.Model with { Sha256 = source.Sha256 },
        Fetching = options.Fetching with { ModelDirectory = Path.Combine(_folder, "models") },
    };

    private string Model(LlamaShape? shape = null)
    {
        var path = Path.Combine(_folder, "written.gguf");
        RandomModel.Write(path, shape ?? SeveralMegabytes);
        return path;
    }
}
