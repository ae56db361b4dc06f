using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Contexts;

/// <summary>In a process with a limit of its own, because memory that runs out is nothing to try in the process of all tests.</summary>
public sealed class ShortMemoryTests(LlamaFixture llama)
{
    private const long Limit = 8_000_000;

    [Fact]
    public void A_context_that_does_not_fit_is_an_error_and_not_the_end()
    {
        // 2^22 tokens of 64 layers with 64 values of 2 bytes each take 34 GB.
        var path = Path.Combine(llama.Folder, "deep.gguf");
        RandomModel.Write(path, LlamaShape.Tiny with { Layers = 64 });

        var (exit, output) = BackendProbe.RunWithin(Limit, llama.Runtime.NativeDirectory, "Cpu", path, $"{1 << 22}");

        Assert.StartsWith("OutOfMemory|", output, StringComparison.Ordinal);
        Assert.Contains("Lower the context length", output, StringComparison.Ordinal);
        Assert.Equal(1, exit);
    }

    [Fact]
    public void A_context_that_fits_is_made_within_the_same_limit()
    {
        var (exit, output) = BackendProbe.RunWithin(Limit, llama.Runtime.NativeDirectory, "Cpu", llama.Random.Path, "256");

        Assert.StartsWith("Cpu|", output, StringComparison.Ordinal);
        Assert.Equal(0, exit);
    }

    [Fact]
    public void An_assertion_that_ends_the_process_is_heard_before()
    {
        // llama.cpp asserts that no token is there twice.
        var path = Path.Combine(llama.Folder, "twice.gguf");
        var bytes = File.ReadAllBytes(llama.Random.Path);
        var position = bytes.AsSpan().IndexOf("<0x42>"u8);
        "<0x41>"u8.CopyTo(bytes.AsSpan(position));
        File.WriteAllBytes(path, bytes);

        var (exit, output) = BackendProbe.RunWithin(Limit, llama.Runtime.NativeDirectory, "Cpu", path, "256");

        Assert.StartsWith("Abort|", output, StringComparison.Ordinal);
        Assert.Contains("GGML_ASSERT", output, StringComparison.Ordinal);
        Assert.Equal(134, exit);
    }
}
