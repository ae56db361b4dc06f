using System.Text;
using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Tests.Support;

namespace FleetOps.ModelStore.Tests.Gguf;

public sealed class GgufRefusalTests
{
    [Fact]
    public void An_empty_file_is_refused() => Refused("magic", "0 bytes", []);

    [Theory]
    [InlineData("<!DOCTYPE html><html></html>", "web page")]
    [InlineData("version https://git-lfs.github.com/spec/v1", "Git LFS pointer")]
    [InlineData("{\"error\":\"Repository not found\"}", "JSON answer")]
    [InlineData("PK\u0003\u0004 and more and more and more", "ZIP")]
    [InlineData("something else that is no model", "no GGUF file")]
    public void What_came_instead_of_a_model_is_named(string content, string guess) => Refused("magic", guess, Encoding.Latin1.GetBytes(content));

    [Fact]
    public void A_big_endian_file_is_refused_as_such() => Refused("version", "big-endian", Build(builder => builder.Version = 0x03000000));

    [Theory]
    [InlineData(0u, "version 0")]
    [InlineData(1u, "version 1 is not supported any more")]
    [InlineData(4u, "version 4")]
    public void An_unknown_version_is_refused(uint version, string cause) => Refused("version", cause, Build(builder => builder.Version = version));

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(1000UL)]
    public void Counts_that_cannot_be_are_refused(ulong count)
    {
        Refused("tensor count", $"{count} entries", Build(builder => builder.TensorCount = count));
        Refused("metadata count", $"{count} entries", Build(builder => builder.MetadataCount = count));
    }

    [Fact]
    public void A_key_that_appears_twice_is_refused() => Refused("k", "appears twice", new GgufBuilder().Number("k", 1).Number("k", 2).Build());

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    [InlineData("ü")]
    public void A_key_that_is_no_name_is_refused(string key) => Refused("key 0", "printable ASCII", new GgufBuilder().Number(key, 1).Build());

    [Fact]
    public void A_value_type_that_does_not_exist_is_refused() =>
        Refused("k", "value type 13 does not exist", new GgufBuilder().Value("k", (GgufValueType)13, w => w.Write(1L)).Build());

    [Fact]
    public void An_array_of_arrays_is_refused() =>
        Refused("k", "array of arrays", new GgufBuilder().Value("k", GgufValueType.Array, w => { w.Write(9u); w.Write(0UL); }).Build());

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 62)]
    [InlineData(50UL)]
    public void A_string_that_leaves_the_file_is_refused(ulong length) =>
        Refused("k", $"a string of {length} bytes", new GgufBuilder().Value("k", GgufValueType.String, w => w.Write(length)).Build());

    [Theory]
    [InlineData(4u, 1UL << 62)]
    [InlineData(0u, 1UL << 40)]
    [InlineData(8u, 1000UL)]
    public void An_array_that_leaves_the_file_is_refused(uint type, ulong count) =>
        Refused("k", $"an array of {count} elements", new GgufBuilder().Value("k", GgufValueType.Array, w => { w.Write(type); w.Write(count); }).Build());

    [Fact]
    public void Text_that_is_not_UTF_8_is_refused() =>
        Refused("k", "not UTF-8", new GgufBuilder().Value("k", GgufValueType.String, w => { w.Write(2UL); w.Write((byte)0xC3); w.Write((byte)0x28); }).Build());

    [Fact]
    public void A_flag_other_than_0_and_1_is_refused() => Refused("k", "a flag of 2", new GgufBuilder().Value("k", GgufValueType.Bool, w => w.Write((byte)2)).Build());

    [Theory]
    [InlineData(0u)]
    [InlineData(33u)]
    [InlineData(1u << 31)]
    public void An_alignment_that_is_no_power_of_two_is_refused(uint alignment) =>
        Refused("general.alignment", "power of two", new GgufBuilder().Number("general.alignment", alignment).Build());

    [Fact]
    public void An_alignment_of_another_type_is_refused() =>
        Refused("general.alignment", "power of two", new GgufBuilder().Value("general.alignment", GgufValueType.UInt64, w => w.Write(32UL)).Build());

    [Fact]
    public void A_tensor_that_appears_twice_is_refused() =>
        Refused("t", "appears twice", new GgufBuilder().Tensor("t", GgufTensorType.F32, [8], new byte[32]).Tensor("t", GgufTensorType.F32, [8], new byte[32]).Build());

    [Fact]
    public void A_tensor_name_that_llama_cpp_would_cut_is_refused() =>
        Refused("name of tensor 0", "at most 63", new GgufBuilder().Tensor(new string('n', 64), GgufTensorType.F32, [8], new byte[32]).Build());

    [Theory]
    [InlineData(4u)]
    [InlineData(31u)]
    [InlineData(43u)]
    [InlineData(uint.MaxValue)]
    public void An_unknown_tensor_type_is_refused(uint type) =>
        Refused("t", $"tensor type {type} is unknown", new GgufBuilder().Tensor("t", type, [8], new byte[32]).Build());

    [Fact]
    public void A_row_that_is_no_multiple_of_the_block_is_refused() =>
        Refused("t", "multiple of the 32", new GgufBuilder().Tensor("t", GgufTensorType.Q8_0, [33], new byte[34]).Build());

    [Theory]
    [InlineData(new long[0], "0 dimensions")]
    [InlineData(new long[] { 1, 1, 1, 1, 1 }, "5 dimensions")]
    [InlineData(new long[] { 0 }, "dimension 0 is 0")]
    [InlineData(new long[] { 8, -1 }, "dimension 1 is 18446744073709551615")]
    [InlineData(new long[] { 1L << 62 }, "does not fit into a file")]
    [InlineData(new long[] { 1L << 32, 1L << 32 }, "does not fit into a file")]
    [InlineData(new long[] { 1L << 32, 1L << 32, 1L << 32, 1L << 32 }, "does not fit into a file")]
    [InlineData(new long[] { 100_000 }, "does not fit into a file")]
    public void Dimensions_that_cannot_be_are_refused(long[] dimensions, string cause) =>
        Refused("t", cause, new GgufBuilder().Tensor("t", GgufTensorType.F32, dimensions, new byte[32]).Build());

    [Theory]
    [InlineData(1UL)]
    [InlineData(32UL)]
    [InlineData(ulong.MaxValue)]
    public void Tensors_that_overlap_or_leave_gaps_are_refused(ulong offset) =>
        Refused("t", $"begins at {offset} where 0", new GgufBuilder().Tensor("t", GgufTensorType.F32, [8], new byte[32], offset).Build());

    [Fact]
    public void A_file_that_ends_in_its_tensor_data_is_refused()
    {
        byte[] file = GgufBuilder.Model(tensorBytes: 4096).Build();
        Refused("tensor data", "truncated", file[..^200]);
    }

    [Fact]
    public void A_file_cut_at_any_byte_of_its_header_or_data_is_refused()
    {
        byte[] file = GgufBuilder.Model().Build();
        long end = GgufBuilder.Model().Read() is var header ? header.DataOffset + header.Tensors[^1].Offset + header.Tensors[^1].SizeBytes : 0;
        for (int length = 0; length < end; length++)
        {
            byte[] cut = file[..length];
            GgufFormatException e = Assert.Throws<GgufFormatException>(() => GgufHeader.Read(new MemoryStream(cut), cut.Length));
            Assert.InRange(e.Offset, 0, length);
        }
    }

    [Fact]
    public void A_header_of_endless_names_is_refused_before_it_fills_the_memory()
    {
        var builder = new GgufBuilder();
        for (int i = 0; i < 40; i++)
        {
            builder.Text($"k{i}", new string('x', 1 << 20));
        }

        Refused("k31", "exceed", builder.Build());
    }

    private static byte[] Build(Action<GgufBuilder> change)
    {
        GgufBuilder builder = GgufBuilder.Model();
        change(builder);
        return builder.Build();
    }

    private static void Refused(string field, string cause, byte[] file)
    {
        GgufFormatException e = Assert.Throws<GgufFormatException>(() => GgufHeader.Read(new MemoryStream(file), file.Length));
        Assert.Equal(field, e.Field);
        Assert.Equal(ModelSourceReason.InvalidGguf, e.Reason);
        Assert.Contains(cause, e.Message, StringComparison.Ordinal);
        Assert.Contains($"byte {e.Offset} ({field})", e.Message, StringComparison.Ordinal);
    }
}
