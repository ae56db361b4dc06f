using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Gguf;

public sealed class GgufHeaderTests
{
    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void A_whole_model_is_read(uint version)
    {
        GgufBuilder builder = GgufBuilder.Model();
        builder.Version = version;
        GgufHeader header = builder.Read();

        Assert.Equal((int)version, header.Version);
        Assert.Equal(("llama", "small", "apache-2.0"), (header.Architecture, header.Name, header.License));
        Assert.Equal((512L, 2L, 64L), (header.ContextLength, header.BlockCount, header.EmbeddingLength));
        Assert.Equal(("llama", 300L, "{{ messages }}"), (header.Tokenizer, header.VocabularySize, header.ChatTemplate));
        Assert.Equal((32, 1), (header.Alignment, header.SplitCount));
        Assert.Equal("F16", header.Quantization);
        Assert.Equal(16 * 8 + 5, header.ParameterCount);
        Assert.Equal(0, header.DataOffset % 32);
        Assert.Equal(
            [("token_embd.weight", GgufTensorType.F16, 0L, 256L), ("output_norm.weight", GgufTensorType.F32, 256L, 20L)],
            header.Tensors.Select(tensor => (tensor.Name, tensor.Type, tensor.Offset, tensor.SizeBytes)));
    }

    [Fact]
    public void A_stream_that_cannot_seek_is_read_too()
    {
        byte[] file = GgufBuilder.Model().Build();
        using var stream = new OneWayStream(file);
        Assert.Equal("llama", GgufHeader.Read(stream, file.Length).Architecture);
    }

    [Fact]
    public void The_head_of_a_file_is_enough()
    {
        byte[] file = GgufBuilder.Model(tensorBytes: 1 << 20).Build();
        var head = new MemoryStream(file, 0, 64 * 1024);
        Assert.Equal(2, GgufHeader.Read(head, file.Length).Tensors.Count);
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        GgufHeader header = new GgufBuilder()
            .Value("u8", GgufValueType.UInt8, w => w.Write((byte)200))
            .Value("i8", GgufValueType.Int8, w => w.Write((sbyte)-5))
            .Value("u16", GgufValueType.UInt16, w => w.Write((ushort)60_000))
            .Value("i16", GgufValueType.Int16, w => w.Write((short)-300))
            .Value("u32", GgufValueType.UInt32, w => w.Write(uint.MaxValue))
            .Value("i32", GgufValueType.Int32, w => w.Write(int.MinValue))
            .Value("f32", GgufValueType.Float32, w => w.Write(1.5f))
            .Value("yes", GgufValueType.Bool, w => w.Write(true))
            .Text("text", "grüße")
            .Value("u64", GgufValueType.UInt64, w => w.Write(ulong.MaxValue))
            .Value("i64", GgufValueType.Int64, w => w.Write(long.MinValue))
            .Value("f64", GgufValueType.Float64, w => w.Write(-0.25))
            .Value("short", GgufValueType.Array, w => { w.Write((uint)GgufValueType.Int32); w.Write(3UL); w.Write(1); w.Write(-2); w.Write(3); })
            .Value("long", GgufValueType.Array, w => { w.Write((uint)GgufValueType.Float32); w.Write(100_000UL); w.Write(new byte[400_000]); })
            .Text("huge", new string('x', 2_000_000))
            .Number("after", 7)
            .Read();

        Assert.Equal("200 -5 60000 -300 4294967295 -2147483648 1.5 true grüße 18446744073709551615 -9223372036854775808 -0.25 [1, -2, 3]",
            string.Join(' ', "u8 i8 u16 i16 u32 i32 f32 yes text u64 i64 f64 short".Split(' ').Select(key => header.Metadata[key])));
        Assert.Equal(ulong.MaxValue, header.Metadata["u64"].NonNegative);
        Assert.Null(header.Metadata["i8"].NonNegative);
        Assert.Equal(-5, header.Metadata["i8"].Number);
        Assert.True(header.Metadata["yes"].Flag);
        Assert.Equal([1, -2, 3], header.Metadata["short"].Elements!.Select(element => element.Number!.Value));
        Assert.Null(header.Metadata["long"].Elements);
        Assert.Equal((100_000L, "[100000 × Float32]"), (header.Metadata["long"].Count, header.Metadata["long"].ToString()));
        Assert.Equal((null, 2_000_000L), (header.Metadata["huge"].Text, header.Metadata["huge"].Count));
        Assert.Equal(7u, header.Metadata["after"].NonNegative);
    }

    [Fact]
    public void Another_alignment_is_obeyed()
    {
        var builder = new GgufBuilder { Alignment = 128 };
        GgufHeader header = builder.Number("general.alignment", 128)
            .Tensor("a", GgufTensorType.F32, [1], new byte[4])
            .Tensor("b", GgufTensorType.F32, [1], new byte[4])
            .Read();
        Assert.Equal((128, 128L), (header.Alignment, header.Tensors[1].Offset));
    }

    [Theory]
    [InlineData(15u, "Q4_K_M")]
    [InlineData(1039u, "Q4_K_M")]
    [InlineData(38u, "MXFP4")]
    [InlineData(9999u, "Q8_0")]
    public void The_quantization_is_the_recipe_or_else_the_commonest_type(uint fileType, string expected) =>
        Assert.Equal(expected, new GgufBuilder().Number("general.file_type", fileType)
            .Tensor("a", GgufTensorType.F32, [8], new byte[32])
            .Tensor("b", GgufTensorType.Q8_0, [32, 4], new byte[136])
            .Read().Quantization);

    [Fact]
    public void Facts_of_the_wrong_type_are_unknown_rather_than_wrong()
    {
        GgufHeader header = new GgufBuilder().Number("general.architecture", 1).Text("llama.context_length", "512").Text("general.file_type", "x").Read();
        Assert.Null(header.Architecture);
        Assert.Null(header.ContextLength);
        Assert.Null(header.Quantization);
    }

    [Fact]
    public void A_file_that_is_not_there_is_told_from_one_that_is_wrong()
    {
        using var folder = new TestFolder();
        Assert.Equal(ModelSourceReason.SourceNotFound, Assert.Throws<ModelSourceException>(() => GgufHeader.Read(folder["none.gguf"])).Reason);
        Assert.Equal(ModelSourceReason.SourceUnauthorized, Assert.Throws<ModelSourceException>(() => GgufHeader.Read(folder.Path)).Reason);
        Assert.Throws<GgufFormatException>(() => GgufHeader.Read(folder.Write("short.gguf", "GGUF")));
    }

    [Fact]
    public void Every_tensor_type_has_a_layout()
    {
        foreach (GgufTensorType type in Enum.GetValues<GgufTensorType>())
        {
            Assert.True(GgufTensorLayout.TryGet(type, out int elements, out int bytes));
            Assert.Equal(elements * 2L, new GgufBuilder().Tensor("t", type, [elements, 2], new byte[bytes * 2]).Read().ParameterCount);
        }
    }

    private sealed class OneWayStream(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;

        public override long Seek(long offset, SeekOrigin loc) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, 7));
    }
}
