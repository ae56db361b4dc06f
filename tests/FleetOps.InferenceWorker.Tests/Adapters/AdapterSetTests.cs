using FleetOps.InferenceWorker.Engine.Adapters;
using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.InferenceWorker.Tests.Fixtures;
using FleetOps.LlamaCpp.Contexts;
using FleetOps.ModelStore.Sources;
using FleetOps.TestModels;

namespace FleetOps.InferenceWorker.Tests.Adapters;

public sealed class AdapterSetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fleetops-adapters").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Good => Write("good.gguf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Adapters_named_at_start_are_there()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { Adapters = [new AdapterSource("b", Good), new AdapterSource("a", Good)] });

        Assert.Equal([new AdapterDescription("a", Good, 1), new AdapterDescription("b", Good, 1)], worker.Served.Adapters.List());
        using var lease = worker.Served.Adapters.Acquire("a");
        Assert.NotNull(lease);
        Assert.Null(worker.Served.Adapters.Acquire("c"));
    }

    [Fact]
    public async Task An_adapter_that_is_forgotten_stays_until_nobody_uses_it()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var adapters = worker.Served.Adapters;
        adapters.Load("shift", Good, scale: -2);
        var first = adapters.Acquire("shift")!;
        var second = adapters.Acquire("shift")!;
        Assert.Same(first.Adapter, second.Adapter);
        Assert.Equal(-2, first.Description.Scale);

        Assert.True(adapters.Unload("shift"));
        Assert.False(adapters.Unload("shift"));
        Assert.Empty(adapters.List());
        first.Dispose();
        first.Dispose();
        using var context = new LlamaContext(worker.Served.Model, new ContextParameters { ContextLength = 256, Threads = 1 });
        context.SetAdapter(second.Adapter);
        context.SetAdapter(null);
        second.Dispose();
        Assert.Throws<ObjectDisposedException>(() => context.SetAdapter(second.Adapter));
        adapters.Load("shift", Good);
        Assert.Single(adapters.List());
    }

    [Fact]
    public async Task What_cannot_be_loaded_is_told_and_leaves_no_name_behind()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var adapters = worker.Served.Adapters;
        var bytes = await File.ReadAllBytesAsync(Good, Cancellation);

        AssertRefused(AdapterFault.FileNotFound, "nowhere", () => adapters.Load("x", Path.Combine(_folder, "nowhere.gguf")));
        AssertRefused(AdapterFault.Unfit, "GGUF", () => adapters.Load("x", Written(bytes[..100])));
        AssertRefused(AdapterFault.Unfit, "truncated", () => adapters.Load("x", Written(bytes[..^64])));
        AssertRefused(AdapterFault.Unfit, "'model' of type ''", () => adapters.Load("x", ModelFiles.Successor));
        AssertRefused(AdapterFault.Unfit, "architecture 'bert'", () => adapters.Load("x", Write("bert.gguf", architecture: "bert")));
        AssertRefused(AdapterFault.Unfit, "the model has no blk.7.attn_q.weight", () => adapters.Load("x", Write("layer.gguf", tensor: "blk.7.attn_q.weight")));
        AssertRefused(AdapterFault.Unfit, "do not make up", () => adapters.Load("x", Write("shape.gguf", rows: 100)));
        AssertRefused(AdapterFault.Unfit, "lacks", () => adapters.Load("x", Written(Replaced(bytes, "lora_b"u8, "lora_c"u8))));
        AssertRefused(AdapterFault.InvalidArgument, "'a b'", () => adapters.Load("a b", Good));
        AssertRefused(AdapterFault.InvalidArgument, "scale", () => adapters.Load("x", Good, float.NaN));
        AssertRefused(AdapterFault.InvalidArgument, "scale", () => adapters.Load("x", Good, 11));
        AssertRefused(AdapterFault.NoDirectory, "--lora-dir", () => adapters.LoadFromDirectory("x", "good.gguf"));
        Assert.Empty(adapters.List());
        adapters.Load("x", Good);
        AssertRefused(AdapterFault.NameTaken, "x", () => adapters.Load("x", Good));
    }

    [Fact]
    public async Task Metadata_of_a_type_that_llama_would_abort_on_is_refused()
    {
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor);
        var bytes = await File.ReadAllBytesAsync(Good, Cancellation);
        var at = bytes.AsSpan().IndexOf("adapter.lora.alpha"u8) + "adapter.lora.alpha".Length;
        // From FLOAT32 to UINT32, which has the same size.
        bytes[at] = 4;

        AssertRefused(AdapterFault.Unfit, "adapter.lora.alpha", () => worker.Served.Adapters.Load("x", Written(bytes)));
    }

    [Fact]
    public async Task Only_files_of_the_folder_can_be_loaded_at_run_time()
    {
        var inside = Directory.CreateDirectory(Path.Combine(_folder, "adapters")).FullName;
        File.Copy(Good, Path.Combine(inside, "one.gguf"));
        File.CreateSymbolicLink(Path.Combine(inside, "out.gguf"), "../good.gguf");
        await using var worker = await InProcessWorker.ServeAsync(ModelFiles.Successor, options => options with { AdapterDirectory = inside });
        var adapters = worker.Served.Adapters;

        Assert.Equal(Path.Combine(inside, "one.gguf"), adapters.LoadFromDirectory("one", "one.gguf").Path);
        AssertRefused(AdapterFault.FileNotFound, "../good.gguf", () => adapters.LoadFromDirectory("two", "../good.gguf"));
        AssertRefused(AdapterFault.FileNotFound, "out.gguf", () => adapters.LoadFromDirectory("two", "out.gguf"));
        AssertRefused(AdapterFault.FileNotFound, Good, () => adapters.LoadFromDirectory("two", Good));
        AssertRefused(AdapterFault.FileNotFound, "", () => adapters.LoadFromDirectory("two", ""));
    }

    [Theory]
    [InlineData("nowhere.gguf", "SourceNotFound", "nowhere.gguf")]
    [InlineData("model", "InvalidGguf", "does not fit")]
    [InlineData("encoder", "InvalidConfiguration", "generates no text")]
    public async Task An_adapter_that_fails_ends_the_start(string kind, string reason, string words)
    {
        var path = kind == "nowhere.gguf" ? Path.Combine(_folder, kind) : ModelFiles.Random;
        var model = kind == "encoder" ? ModelFiles.Encoder : ModelFiles.Successor;
        await using var worker = await InProcessWorker.StartAsync(
            ModelSource.Parse($"file://{model}"), options => options with { ContextLength = null, Adapters = [new AdapterSource("x", path)] });

        await worker.State.WaitForAsync(static phase => phase >= WorkerPhase.Serving, Cancellation);

        Assert.Equal(reason, worker.State.Describe(0, 0).Reason);
        Assert.Contains(words, worker.State.Describe(0, 0).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=/x/y.gguf", "a", "/x/y.gguf")]
    [InlineData("a=b=c", "a", "b=c")]
    public void A_name_and_a_path_are_told_apart(string text, string name, string path) => Assert.Equal(new AdapterSource(name, path), AdapterSource.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("=path")]
    [InlineData("name=")]
    [InlineData("/x/y.gguf")]
    public void A_text_without_name_or_path_is_refused(string text) => Assert.Null(AdapterSource.Parse(text));

    private static void AssertRefused(AdapterFault fault, string words, Action load)
    {
        var thrown = Assert.Throws<AdapterException>(load);
        Assert.Equal(fault, thrown.Fault);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
    }

    private static byte[] Replaced(byte[] bytes, ReadOnlySpan<byte> old, ReadOnlySpan<byte> replacement)
    {
        var copy = bytes.ToArray();
        replacement.CopyTo(copy.AsSpan(copy.AsSpan().IndexOf(old)));
        return copy;
    }

    private string Write(string name, string architecture = "llama", string tensor = "output.weight", int? rows = null)
    {
        var path = Path.Combine(_folder, name);
        LoraAdapter.WriteSuccessor(path, "m", "x", architecture, tensor, rows);
        return path;
    }

    private string Written(byte[] bytes)
    {
        var path = Path.Combine(_folder, "written.gguf");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
