using FleetOps.LlamaCpp.Contexts;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Sampling;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Models;

public sealed class LlamaAdapterTests(LlamaFixture llama)
{
    [Fact]
    public void An_adapter_changes_what_comes_after_and_leaves_when_it_is_taken_away()
    {
        using var adapter = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "x"));
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small());

        Assert.Equal("nopq", Next(context, "m"));
        context.SetAdapter(adapter);
        Assert.Equal("xyz", Next(context, "m"));
        Assert.Equal("bcde", Next(context, "a"));
        context.SetAdapter(adapter, scale: 0.25f);
        Assert.Equal("nopq", Next(context, "m"));
        context.SetAdapter(null);
        Assert.Equal("nopq", Next(context, "m"));
    }

    [Fact]
    public void Contexts_of_one_model_apply_adapters_of_their_own()
    {
        using var one = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "x"));
        using var other = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "y"));
        using var first = new LlamaContext(llama.Successor, LlamaFixture.Small());
        using var second = new LlamaContext(llama.Successor, LlamaFixture.Small());
        first.SetAdapter(one);
        second.SetAdapter(other);

        Assert.Equal("xyz", Next(first, "m"));
        Assert.Equal("yz", Next(second, "m"));
    }

    [Fact]
    public void An_adapter_lives_as_long_as_a_context_applies_it()
    {
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small());
        using (var adapter = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "x")))
        {
            context.SetAdapter(adapter);
        }

        Assert.Equal("xyz", Next(context, "m"));
    }

    [Fact]
    public void Adapters_come_and_go_while_a_context_decodes()
    {
        using var kept = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "x"));
        var path = Path.Combine(llama.Folder, "passing.gguf");
        LoraAdapter.WriteSuccessor(path, after: "m", next: "y");
        using var stop = new CancellationTokenSource();
        var loader = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                LlamaAdapter.Load(llama.Successor, path).Dispose();
            }
        });
        loader.Start();
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small());
        for (var i = 0; i < 50; i++)
        {
            context.SetAdapter(i % 2 == 0 ? kept : null);
            Assert.Equal(i % 2 == 0 ? "xyz" : "nopq", Next(context, "m"));
        }

        stop.Cancel();
        loader.Join();
    }

    [Fact]
    public void What_is_no_adapter_for_the_model_is_refused()
    {
        AssertRefused("incorrect shape", static path => LoraAdapter.WriteSuccessor(path, "m", "x", rows: 100));
        AssertRefused("arch mismatch", static path => LoraAdapter.WriteSuccessor(path, "m", "x", architecture: "bert"));
        AssertRefused("does not exist in base model", static path => LoraAdapter.WriteSuccessor(path, "m", "x", tensor: "blk.7.attn_q.weight"));
        AssertRefused("general.type", static path => SuccessorModel.Write(path));
        AssertRefused("adapter", static path => File.WriteAllText(path, "This is no adapter."));
        var missing = Assert.Throws<LlamaException>(() => LlamaAdapter.Load(llama.Successor, Path.Combine(llama.Folder, "nowhere.gguf")));
        Assert.Equal(LlamaFault.ModelUnreadable, missing.Fault);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using var adapter = Load(path => LoraAdapter.WriteSuccessor(path, after: "m", next: "x"));
        using var other = new LlamaContext(llama.Random, LlamaFixture.Small());
        using var context = new LlamaContext(llama.Successor, LlamaFixture.Small());

        Assert.Throws<ArgumentException>(() => other.SetAdapter(adapter));
        Assert.Throws<ArgumentOutOfRangeException>(() => context.SetAdapter(adapter, float.NaN));
        adapter.Dispose();
        Assert.Throws<ObjectDisposedException>(() => context.SetAdapter(adapter));
        Assert.Equal("nopq", Next(context, "m"));
    }

    private static string Next(LlamaContext context, string prompt)
    {
        context.MemoryClear();
        using var sampler = new LlamaSamplerBuilder(context.Model).Greedy();
        return context.Model.Vocabulary.Detokenize([.. Generation.Generate(context, sampler, [ByteVocabulary.Token("<s>"), ByteVocabulary.Token(prompt)], 4)]);
    }

    private void AssertRefused(string words, Action<string> write)
    {
        var thrown = Assert.Throws<LlamaException>(() => Load(write).Dispose());
        Assert.Equal(LlamaFault.AdapterRejected, thrown.Fault);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
    }

    private LlamaAdapter Load(Action<string> write)
    {
        var path = Path.Combine(llama.Folder, $"{Guid.NewGuid():N}.gguf");
        write(path);
        return LlamaAdapter.Load(llama.Successor, path);
    }
}
