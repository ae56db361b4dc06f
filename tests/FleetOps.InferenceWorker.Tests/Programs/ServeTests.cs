using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.TestModels;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Tests.Programs;

/// <summary>The built program: signals, exit codes, termination log.</summary>
public sealed class ServeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-worker").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string TerminationLog => Path.Combine(_folder, "termination-log");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task SIGTERM_drains_a_running_stream_and_exits_with_0()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Slow}", "--termination-log", TerminationLog, "--context-length", "2048");
        await worker.UntilServingAsync();
        using var call = worker.Client.Generate(
            new GenerateRequest { Text = "go on", Stop = new StopOptions { IgnoreEndOfGeneration = true } }, cancellationToken: Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));

        worker.Terminate();
        await Until.HoldsAsync(() => worker.Output.Contains("Phase Draining", StringComparison.Ordinal), "the worker drains");
        FinishInfo? finish = null;
        while (await call.ResponseStream.MoveNext(Cancellation))
        {
            finish = call.ResponseStream.Current.Finish ?? finish;
        }

        Assert.Equal(2048, finish!.Usage.PromptTokens + finish.Usage.CompletionTokens);
        Assert.Equal(0, await worker.ExitAsync());
        Assert.False(File.Exists(TerminationLog));
    }

    [Fact]
    public async Task SIGTERM_while_the_source_is_silent_exits_with_0()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var worker = await WorkerProcess.ServeAsync($"http://{silent.LocalEndpoint}/model.gguf", "--sha256", new string('0', 64), "--model-dir", _folder);
        await Until.HoldsAsync(async () => await worker.PhaseAsync() == "Fetching", "the worker fetches");
        worker.Terminate();
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_stream_that_outlives_the_drain_is_cut_off_as_unavailable()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Slow}", "--context-length", "8192", "--drain-timeout-seconds", "0");
        await worker.UntilServingAsync();
        using var call = worker.Client.Generate(new GenerateRequest { Text = "go on", Stop = new StopOptions { IgnoreEndOfGeneration = true } }, cancellationToken: Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        worker.Terminate();
        var error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.ReadAllAsync(Cancellation).CountAsync(Cancellation).AsTask());
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_file_that_does_not_exist_is_66() =>
        await FailsAsync(66, "SourceNotFound", "nowhere.gguf", $"file://{_folder}/nowhere.gguf");

    [Fact]
    public async Task A_file_that_is_no_GGUF_is_65()
    {
        File.WriteAllText(Path.Combine(_folder, "text.gguf"), "This is no model at all, but it is long enough for a header.");
        await FailsAsync(65, "InvalidGguf", "text.gguf", $"file://{_folder}/text.gguf");
    }

    [Fact]
    public async Task A_file_with_another_digest_is_65() =>
        await FailsAsync(65, "DigestMismatch", new string('a', 64), $"file://{ModelFiles.Successor}", "--sha256", new string('a', 64));

    [Fact]
    public async Task An_architecture_that_nobody_knows_is_65()
    {
        var bytes = await File.ReadAllBytesAsync(ModelFiles.Successor, Cancellation);
        var at = bytes.AsSpan().IndexOf("general.architecture"u8) + "general.architecture".Length + 4 + 8;
        "lambda"u8[..5].CopyTo(bytes.AsSpan(at));
        var file = Path.Combine(_folder, "lambd.gguf");
        await File.WriteAllBytesAsync(file, bytes, Cancellation);
        await FailsAsync(65, "UnsupportedArchitecture", "lambd", $"file://{file}");
    }

    [Fact]
    public async Task A_context_longer_than_the_model_was_trained_for_is_64() =>
        await FailsAsync(64, "InvalidConfiguration", "2048", $"file://{ModelFiles.Successor}", "--context-length", "4096");

    [Fact]
    public async Task A_quantized_cache_without_flash_attention_is_64() =>
        await FailsAsync(64, "InvalidConfiguration", "Q8_0", $"file://{ModelFiles.Successor}", "--kv-cache-type", "Q8_0", "--flash-attention", "Off");

    [Theory]
    [InlineData("--threads", "500", "--threads is 500, and the container may use")]
    [InlineData("--rope-factor", "0.5", "--rope-factor is '0.5'")]
    [InlineData("--tensor-split", "1,x", "--tensor-split is '1,x'")]
    [InlineData("--split-mode", "Column", "one of None, Layer, Row")]
    [InlineData("--kv-cache-value-type", "Q3", "--kv-cache-value-type is 'Q3'")]
    [InlineData("--micro-batch-tokens", "1024", "MicroBatchSize of the context is 1024; it must be 1 to 512")]
    [InlineData("--batch-tokens", "4", "BatchSize of the context is 4, and each of 8 sequences")]
    [InlineData("--yarn-original-context", "0", "--yarn-original-context is '0'")]
    public async Task An_option_that_cannot_be_is_64(string option, string value, string words) =>
        await FailsAsync(64, "InvalidConfiguration", words, $"file://{ModelFiles.Successor}", option, value);

    [Fact]
    public async Task Options_of_the_shape_do_not_change_what_is_said()
    {
        await using var worker = await WorkerProcess.ServeAsync(
            $"file://{ModelFiles.Successor}",
            "--context-length", "4096", "--rope-scaling", "Linear", "--rope-factor", "2", "--numa", "Distribute", "--load-mode", "Read", "--batch-tokens", "64", "--micro-batch-tokens", "32",
            "--kv-cache-type", "Q8_0", "--kv-cache-value-type", "Q4_0", "--split-mode", "Row", "--main-gpu", "1", "--tensor-split", "2,1",
            "--max-waiting", "10", "--max-waiting-tokens", "5000", "--max-waiting-per-tenant", "3");
        await worker.UntilServingAsync();
        Assert.Equal("nopqrstuvwxyz", (await Answer.ReadAsync(worker.Client.Generate(
            new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: Cancellation))).Text);
        var server = await new Control.ControlClient(worker.Channel).GetServerInfoAsync(new GetServerInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal((10, 5000), (server.MaxWaiting, server.MaxWaitingTokens));
        worker.Terminate();
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Fact]
    public async Task A_wrong_option_is_64() =>
        await FailsAsync(64, "InvalidConfiguration", "--max-sequences is '0'", $"file://{ModelFiles.Successor}", "--max-sequences", "0");

    [Fact]
    public async Task A_source_that_is_none_is_64() => await FailsAsync(64, "InvalidConfiguration", "--source", "model.gguf");

    [Fact]
    public async Task Plain_http_without_a_digest_is_64() => await FailsAsync(64, "InvalidConfiguration", "sha256", "http://127.0.0.1:1/model.gguf");

    [Fact]
    public async Task CUDA_that_is_not_there_is_69_and_no_silent_fall_back() =>
        await FailsAsync(69, "CudaUnavailable", "Cuda", $"file://{ModelFiles.Successor}", "--backend", "Cuda");

    [Fact]
    public async Task A_context_that_no_memory_can_hold_is_71()
    {
        // A cache of 2 GiB in a process that may have 1 GiB.
        var file = Path.Combine(_folder, "long.gguf");
        RandomModel.Write(file, LlamaShape.Tiny with { ContextLength = 65_536, Layers = 8, KeyValueHeads = 2 });
        await using var worker = await WorkerProcess.RunAsync(
            WorkerProcess.ServeArguments($"file://{file}", "--context-length", "65536", "--max-sequences", "16", "--termination-log", TerminationLog), dataLimitKibibytes: 1024 * 1024);
        await AssertFailedAsync(worker, 71, "OutOfMemory", "16 sequences of 65536 tokens");
    }

    [Fact]
    public async Task Native_libraries_that_are_not_there_are_71() =>
        await FailsAsync(71, "LoadFailed", _folder, $"file://{ModelFiles.Successor}", "--native", Path.Combine(_folder, "native"));

    [Fact]
    public async Task A_port_that_is_taken_is_64()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var port = ((IPEndPoint)holder.LocalEndpoint).Port;
        await FailsAsync(64, "InvalidConfiguration", $"{port}", $"file://{ModelFiles.Successor}", "--grpc-port", $"{port}");
    }

    [Theory]
    [InlineData(404, 66, "SourceNotFound")]
    [InlineData(401, 77, "CredentialsMissing")]
    [InlineData(403, 77, "SourceUnauthorized", true)]
    public async Task What_a_web_server_refuses_is_told(int status, int code, string reason, bool withToken = false)
    {
        await using var source = await HttpSource.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        string[] credentials = [];
        if (withToken)
        {
            await File.WriteAllTextAsync(Path.Combine(_folder, "token"), "s3cret-token", Cancellation);
            credentials = ["--credentials", _folder];
        }

        var message = await FailsAsync(
            code, reason, source.Address.Authority, $"{source.Address}model.gguf", ["--sha256", new string('0', 64), "--model-dir", Path.Combine(_folder, "models"), .. credentials]);
        Assert.DoesNotContain("s3cret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_from_a_web_server_is_verified_and_served()
    {
        var bytes = await File.ReadAllBytesAsync(ModelFiles.Successor, Cancellation);
        await using var source = await HttpSource.StartAsync(context =>
        {
            context.Response.ContentLength = bytes.Length;
            return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
        });
        await using var worker = await WorkerProcess.ServeAsync(
            $"{source.Address}model.gguf", "--sha256", Convert.ToHexStringLower(SHA256.HashData(bytes)), "--model-dir", _folder, "--model-name", "letters");
        await worker.UntilServingAsync();
        Assert.Equal("nopqrstuvwxyz", (await Answer.ReadAsync(worker.Client.Generate(
            new GenerateRequest { Text = "m", Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: Cancellation))).Text);
        var info = await new Control.ControlClient(worker.Channel).GetModelInfoAsync(new GetModelInfoRequest(), cancellationToken: Cancellation);
        Assert.Equal("letters", info.Name);
        worker.Terminate();
        Assert.Equal(0, await worker.ExitAsync());
    }

    [Theory]
    [InlineData(11, "SIGSEGV")]
    [InlineData(7, "SIGBUS")]
    [InlineData(6, "SIGABRT")]
    public async Task A_crash_in_native_code_leaves_its_reason(int signal, string name)
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}", "--termination-log", TerminationLog);
        await worker.UntilServingAsync();
        Assert.False(File.Exists(TerminationLog));

        worker.Signal(signal);

        Assert.Equal(128 + signal, await worker.ExitAsync());
        var log = JsonDocument.Parse(await File.ReadAllBytesAsync(TerminationLog, Cancellation)).RootElement;
        Assert.Equal("EngineFailed", log.GetProperty("reason").GetString());
        Assert.Contains($"Native code ended the process with {name} in lib", log.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_text_of_a_request_or_an_answer_reaches_the_log()
    {
        await using var worker = await WorkerProcess.ServeAsync($"file://{ModelFiles.Successor}");
        await worker.UntilServingAsync();
        await Answer.ReadAsync(worker.Client.Chat(
            new ChatRequest { Messages = { new ChatMessage { Role = "user", Content = "my password is hunter2" } }, Sampling = new SamplingOptions { Temperature = 0 } }, cancellationToken: Cancellation));
        worker.Terminate();
        await worker.ExitAsync();
        Assert.Contains("prompt tokens", worker.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", worker.Output + worker.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("abcdefgh", worker.Output + worker.Errors, StringComparison.Ordinal);
    }

    private async Task<string> FailsAsync(int code, string reason, string named, string source, params string[] more)
    {
        await using var worker = await WorkerProcess.RunAsync(WorkerProcess.ServeArguments(source, ["--termination-log", TerminationLog, .. more]));
        return await AssertFailedAsync(worker, code, reason, named);
    }

    private async Task<string> AssertFailedAsync(WorkerProcess worker, int code, string reason, string named)
    {
        Assert.True(code == worker.ExitCode, $"Exit {worker.ExitCode} instead of {code}:\n{worker.Output}\n{worker.Errors}");
        var log = JsonDocument.Parse(await File.ReadAllBytesAsync(TerminationLog, Cancellation)).RootElement;
        Assert.Equal(reason, log.GetProperty("reason").GetString());
        var message = log.GetProperty("message").GetString()!;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(reason, worker.Output + worker.Errors, StringComparison.Ordinal);
        return message;
    }

}
