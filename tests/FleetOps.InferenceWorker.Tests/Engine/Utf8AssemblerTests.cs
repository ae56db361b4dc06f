using System.Text;
using FleetOps.InferenceWorker.Engine.Text;
using FsCheck.Xunit;

namespace FleetOps.InferenceWorker.Tests.Engine;

public sealed class Utf8AssemblerTests
{
    [Property(MaxTest = 1000)]
    public void Bytes_become_the_same_text_however_they_are_cut(byte[] bytes, byte[] cuts)
    {
        var assembler = new Utf8Assembler();
        var text = new StringBuilder();
        var rest = bytes.AsSpan();
        foreach (var cut in cuts)
        {
            var length = Math.Min(cut % 5, rest.Length);
            text.Append(assembler.Push(rest[..length]));
            rest = rest[length..];
        }

        text.Append(assembler.Push(rest)).Append(assembler.Flush());
        Assert.Equal(Encoding.UTF8.GetString(bytes), text.ToString());
    }

    [Fact]
    public void A_character_appears_when_its_last_byte_is_there_and_never_in_parts()
    {
        var assembler = new Utf8Assembler();
        var pieces = Encoding.UTF8.GetBytes("é😀").Select(value => assembler.Push([value])).ToList();
        Assert.Equal(["", "é", "", "", "", "😀"], pieces);
    }

    [Fact]
    public void A_character_that_stays_unfinished_becomes_a_replacement_character()
    {
        var assembler = new Utf8Assembler();
        Assert.Equal("a", assembler.Push("a"u8));
        Assert.Equal("", assembler.Push("😀"u8[..2]));
        Assert.Equal("\uFFFD", assembler.Flush());
    }
}
