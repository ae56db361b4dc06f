using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;

namespace FleetOps.LlamaCpp.Tests.Contexts;

public sealed class MemoryEstimateTests(LlamaFixture llama)
{
    [Fact]
    public void An_estimate_is_what_is_taken_then()
    {
        var parameters = LlamaFixture.Small(maxSequences: 4) with { ContextLength = 1024 };
        using var model = llama.Large();
        using var context = new LlamaContext(model, parameters);

        var estimate = MemoryEstimate.Read(llama.Runtime, model.Path, new ModelParameters(), parameters);

        var taken = context.ReadMemory();
        Assert.Equal(Sum(taken, static buffer => buffer.ContextBytes), Sum(estimate, static buffer => buffer.ContextBytes));
        Assert.Equal(Sum(taken, static buffer => buffer.ComputeBytes), Sum(estimate, static buffer => buffer.ComputeBytes));
        Assert.Equal((double)Sum(taken, static buffer => buffer.ModelBytes), Sum(estimate, static buffer => buffer.ModelBytes), tolerance: 0.02 * model.SizeBytes);
    }

    [Fact]
    public void What_could_never_be_taken_can_be_estimated()
    {
        var parameters = LlamaFixture.Small() with { ContextLength = 1 << 22 };

        var estimate = MemoryEstimate.Read(llama.Runtime, llama.Successor.Path, new ModelParameters(), parameters);

        // Keys and values of one layer, 384 wide, in two bytes each.
        Assert.Equal((1L << 22) * 384 * 2 * 2, Sum(estimate, static buffer => buffer.ContextBytes));
    }

    private static long Sum(IEnumerable<BufferMemory> buffers, Func<BufferMemory, long> part) => buffers.Sum(part);
}
