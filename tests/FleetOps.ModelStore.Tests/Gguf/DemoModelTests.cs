using FleetOps.ModelStore.Gguf;

namespace FleetOps.ModelStore.Tests.Gguf;

/// <summary>A file that another program wrote: the demo model of this repository.</summary>
public sealed class DemoModelTests
{
    [Fact]
    public void The_demo_model_is_read()
    {
        GgufHeader header = GgufHeader.Read(Path.Join(Root(), "deploy", "models", "demo", "demo.gguf"));
        Assert.Equal("llama", header.Architecture);
        Assert.NotNull(header.ChatTemplate);
        Assert.True(header.ContextLength > 0 && header.VocabularySize > 0 && header.ParameterCount > 100_000);
        Assert.InRange(header.FileLength, header.DataOffset + header.Tensors.Sum(tensor => tensor.SizeBytes), long.MaxValue);
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Join(folder, "FleetOps.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("FleetOps.sln is in no folder above the tests.");
    }
}
