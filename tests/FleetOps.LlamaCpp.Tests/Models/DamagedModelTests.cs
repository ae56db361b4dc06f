using System.Buffers.Binary;
using System.Text;
using FleetOps.ModelStore;
using FleetOps.ModelStore.Gguf;
using FleetOps.TestModels;

namespace FleetOps.LlamaCpp.Tests.Models;

/// <summary>Files that are damaged in their headers, in a process of their own: what the checks of the header let through must not end it.</summary>
public sealed class DamagedModelTests(LlamaFixture llama)
{
    private const int Files = 400;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_header_check_lets_through_does_not_end_the_process(bool encoder)
    {
        var folder = Directory.CreateDirectory(Path.Combine(llama.Folder, $"damaged-{encoder}")).FullName;
        var original = Original(encoder);
        var header = (int)GgufHeader.Read(new MemoryStream(original), original.Length).DataOffset;
        var random = new Random(20_240_917);
        var passed = 0;
        for (var i = 0; i < Files; i++)
        {
            var bytes = Damage(original, header, random);
            if (Passes(bytes))
            {
                File.WriteAllBytes(Path.Combine(folder, $"{i:0000}.gguf"), bytes);
                passed++;
            }
        }

        var (exit, output) = BackendProbe.RunOver(llama.Runtime.NativeDirectory, folder);

        Assert.True(exit == 0, $"The process ended with {exit}; the file after the last of these did it:\n{output}");
        Assert.Equal(passed, output.Split('\n').Count(static line => line.Contains(".gguf|", StringComparison.Ordinal)));
        Assert.InRange(passed, Files / 20, Files);
        Assert.Contains("|Success", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bert.block_count", 0u, "1 to 512 layers")]
    [InlineData("bert.block_count", 1000u, "1 to 512 layers")]
    [InlineData("bert.attention.layer_norm_epsilon", 0xBF800000, "0 or more")]
    [InlineData("bert.attention.layer_norm_epsilon", 0x7FC00000, "0 or more")]
    public void What_llama_would_abort_on_is_named(string key, uint value, string words)
    {
        var bytes = Original(encoder: true);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(key)) + key.Length + 4), value);

        var fault = GgufModel.Fault(GgufHeader.Read(new MemoryStream(bytes), bytes.Length));

        Assert.StartsWith(key, fault, StringComparison.Ordinal);
        Assert.Contains(words, fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_that_are_spelled_alike_are_named()
    {
        var bytes = Original(encoder: false);
        "<0x41>"u8.CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf("<0x42>"u8)));

        Assert.Contains("token 69 is spelled like an earlier one", Assert.Throws<GgufFormatException>(() => GgufHeader.Read(new MemoryStream(bytes), bytes.Length)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_nothing_can_be_multiplied_with_are_named()
    {
        var bytes = Original(encoder: true);
        const string Tensor = "blk.0.attn_q.weight";
        // After the name come the rank and two extents.
        bytes[bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Tensor)) + Tensor.Length + 4 + 16] = (byte)GgufTensorType.I32;

        Assert.Contains($"the tensor {Tensor} is of type I32", GgufModel.Fault(GgufHeader.Read(new MemoryStream(bytes), bytes.Length)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_test_models_have_no_fault()
    {
        Assert.Null(GgufModel.Fault(GgufHeader.Read(llama.Random.Path)));
        Assert.Null(GgufModel.Fault(GgufHeader.Read(llama.Successor.Path)));
    }

    private static bool Passes(byte[] bytes)
    {
        try
        {
            return GgufModel.Fault(GgufHeader.Read(new MemoryStream(bytes), bytes.Length)) is null;
        }
        catch (ModelSourceException)
        {
            return false;
        }
    }

    // Single bits, bytes and words: small changes pass more checks than large ones.
    private static byte[] Damage(byte[] original, int header, Random random)
    {
        var bytes = original.ToArray();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(24, header - 4);
            switch (random.Next(3))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), random.Next(4) switch { 0 => 0, 1 => -1, 2 => int.MaxValue, _ => random.Next(1024) });
                    break;
            }
        }

        return bytes;
    }

    private byte[] Original(bool encoder)
    {
        var path = Path.Combine(llama.Folder, $"original-{encoder}.gguf");
        if (encoder)
        {
            EncoderModel.Write(path, pooling: 4, classifier: true);
        }
        else
        {
            RandomModel.Write(path, new LlamaShape(64, Layers: 1, Heads: 2, KeyValueHeads: 1, FeedForward: 64));
        }

        return File.ReadAllBytes(path);
    }
}
