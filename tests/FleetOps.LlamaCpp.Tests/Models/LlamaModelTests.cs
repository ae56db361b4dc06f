using FleetOps.LlamaCpp.Models;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Models;

public sealed class LlamaModelTests(LlamaFixture llama)
{
    [Fact]
    public void A_model_tells_what_it_is()
    {
        var model = llama.Random;

        Assert.Equal("llama", model.Architecture);
        Assert.Equal("random", model.Name);
        Assert.Equal(2048, model.TrainedContextLength);
        Assert.Equal(64, model.EmbeddingLength);
        Assert.Equal(2, model.LayerCount);
        Assert.Contains("F32", model.Quantization, StringComparison.Ordinal);
        Assert.Equal(ByteVocabulary.ChatTemplate, model.ChatTemplateSource);
        Assert.Equal(new FileInfo(model.Path).Length / 4, model.ParameterCount, tolerance: 8000);
        Assert.Equal("llama", model.Metadata["general.architecture"]);
        Assert.True(model.HasDecoder);
        Assert.False(model.HasEncoder);
        Assert.Equal(ByteVocabulary.Count, model.Vocabulary.Count);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        AssertFault(LlamaFault.ModelUnreadable, Path.Combine(llama.Folder, "nowhere.gguf"), "nowhere.gguf");

    [Fact]
    public void A_file_that_is_no_model_is_refused()
    {
        var path = Path.Combine(llama.Folder, "text.gguf");
        File.WriteAllText(path, "This is no model.");

        AssertFault(LlamaFault.InvalidGguf, path, "magic");
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    [InlineData(20_000)]
    [InlineData(200_000)]
    public void A_truncated_file_is_refused(int length)
    {
        var path = Path.Combine(llama.Folder, $"truncated-{length}.gguf");
        File.WriteAllBytes(path, File.ReadAllBytes(llama.Random.Path)[..length]);

        AssertFault(LlamaFault.InvalidGguf, path, path);
    }

    [Fact]
    public void An_unknown_architecture_is_named()
    {
        var path = Path.Combine(llama.Folder, "unknown.gguf");
        var writer = new GgufWriter();
        writer.Set("general.architecture", "brain");
        writer.Write(path);

        AssertFault(LlamaFault.UnsupportedArchitecture, path, "brain");
    }

    [Fact]
    public void A_model_without_weights_is_refused()
    {
        var path = Path.Combine(llama.Folder, "no-weights.gguf");
        var writer = new GgufWriter();
        writer.Set("general.architecture", "llama");
        writer.Write(path);

        AssertFault(LlamaFault.InvalidGguf, path, path);
    }

    [Fact]
    public void Progress_rises_to_one()
    {
        var shares = new List<float>();
        using var model = LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters(), new Listener(shares.Add), TestContext.Current.CancellationToken);

        Assert.NotEmpty(shares);
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(1, shares[^1]);
    }

    [Fact]
    public void A_load_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var seen = 0;

        Assert.ThrowsAny<OperationCanceledException>(() => LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters(),
            new Listener(_ =>
            {
                seen++;
                cancel.Cancel();
            }), cancel.Token));
        Assert.Equal(1, seen);
    }

    [Fact]
    public void What_a_progress_listener_throws_arrives_at_the_caller()
    {
        var thrown = Assert.Throws<InvalidTimeZoneException>(() => LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters(),
            new Listener(static _ => throw new InvalidTimeZoneException("from the listener")), TestContext.Current.CancellationToken));

        Assert.Equal("from the listener", thrown.Message);
    }

    [Fact]
    public void A_vocabulary_alone_can_tokenize()
    {
        using var model = LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters { VocabularyOnly = true }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.NotEmpty(model.Vocabulary.Tokenize("text", addSpecial: true, parseSpecial: false));
    }

    [Fact]
    public void Wrong_parameters_are_named() =>
        Assert.Contains("GpuLayers is -2", Assert.Throws<ArgumentException>(() => LlamaModel.Load(llama.Runtime, llama.Random.Path, new ModelParameters { GpuLayers = -2 })).Message, StringComparison.Ordinal);

    private void AssertFault(LlamaFault fault, string path, string word)
    {
        var thrown = Assert.Throws<LlamaException>(() => LlamaModel.Load(llama.Runtime, path, new ModelParameters()));

        Assert.Equal(fault, thrown.Fault);
        Assert.Contains(word, thrown.Message, StringComparison.Ordinal);
    }

    private sealed class Listener(Action<float> report) : IProgress<float>
    {
        public void Report(float value) => report(value);
    }
}
